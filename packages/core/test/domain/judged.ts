import {
  type Demands,
  type Denial,
  type HostPolicyRules,
  judgeDemands,
  safeHostPolicyRules,
} from "@persys/core";

/** The demands of a spec that asks for nothing. */
export const nothing: Demands = { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "" };

/** What a node with the safe rules, and those given instead, denies. */
export function judge(
  demands: Partial<Demands>,
  rules: Partial<HostPolicyRules> = {},
): readonly Denial[] {
  return judgeDemands({ ...nothing, ...demands }, { ...safeHostPolicyRules, ...rules });
}

/** The rules that deny, in order. */
export function denied(
  demands: Partial<Demands>,
  rules: Partial<HostPolicyRules> = {},
): readonly string[] {
  return judge(demands, rules).map(({ rule }) => rule);
}

/** The demands of a spec that mounts a path. */
export function mount(
  path: string,
  more: Partial<Demands["hostPaths"][number]> = {},
): Partial<Demands> {
  return { hostPaths: [{ path, field: "volumes[0].hostPath", readOnly: false, ...more }] };
}
