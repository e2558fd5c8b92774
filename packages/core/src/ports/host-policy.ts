import type { Demands } from "../domain/demands.ts";
import { judgeDemands } from "../domain/host-policy/judge-demands.ts";
import type {
  HostPolicyRules,
  HostPolicySettingNames,
} from "../domain/host-policy/host-policy-rules.ts";
import type { Denial } from "../errors/denial.ts";

/** What a node gives to workloads. Judged when a spec is applied, and again right before anything is made or started of it. */
export interface HostPolicy {
  /**
   * All that the demands of a workload of this type ask for in vain; empty: it may run. Pure and quick. While it
   * throws nothing is made or started.
   */
  judge(demands: Demands, type: string): readonly Denial[];
}

/** Where the engine finds the policy. One judgement never mixes two policies. */
export interface HostPolicySource {
  /** The policy that holds now. Another one from a later call holds from then on; what runs is left running. */
  current(): HostPolicy;
  /**
   * Has `listener` called whenever the policy has become another, so that what the old one held back is judged anew. The function returned ends it.
   * Left out: it stays the same.
   */
  onChange?(listener: () => void): () => void;
}

/** A policy of these rules. `names` are what its denials call the settings. */
export function hostPolicyOf(rules: HostPolicyRules, names?: HostPolicySettingNames): HostPolicy {
  return { judge: (demands) => judgeDemands(demands, rules, names) };
}

/** The source of a policy that does not change. */
export function fixedHostPolicy(policy: HostPolicy): HostPolicySource {
  return { current: () => policy };
}
