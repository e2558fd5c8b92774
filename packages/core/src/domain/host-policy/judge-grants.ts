import type { CapabilityDemand, Demands, DeviceDemand } from "../demands.ts";
import { type HostPolicyRuleId, type RuleDenial, shortened } from "./denial.ts";
import { isWithin, normalisedPath } from "./host-path.ts";
import {
  everydayCapabilities,
  type HostPolicyRules,
  type HostPolicySettingNames,
} from "./host-policy-rules.ts";

/** What a node's rules say of privileges, capabilities, namespaces, devices and disks. */
export function judgeGrants(
  { privileged = [], capabilities = [], hostNamespaces = [], devices = [], rawDisks = [] }: Demands,
  rules: HostPolicyRules,
  names: HostPolicySettingNames,
): readonly RuleDenial[] {
  const namespaces = hostNamespaces.filter(
    (it) => !rules.allowedHostNamespaces.includes(it.namespace),
  );
  return [
    ...(rules.allowPrivileged ? [] : privileged).map(({ field }): RuleDenial => {
      const setting = names.allowPrivileged;
      const message = `it would be the host's master: leave it out, or set ${setting} on the node`;
      return { rule: "privileged", field, seen: "true", message, setting };
    }),
    ...capabilities
      .filter((it) => !isAllowedCapability(it, rules))
      .map(({ name, field }): RuleDenial => {
        const setting = names.allowedCapabilities;
        const message = `it is not one that every container has: leave it out, or add it to ${setting} on the node`;
        return { rule: "capability", field, seen: shortened(name), message, setting };
      }),
    ...namespaces.map(({ namespace, field }): RuleDenial => {
      const setting = names.allowedHostNamespaces;
      const message = `it would share the host's own ${namespace} namespace: use one of its own, or add ${namespace} to ${setting} on the node`;
      return { rule: "host-namespace", field, seen: `${namespace} of the host`, message, setting };
    }),
    ...judgeDevices(devices, rules.allowedDevices, {
      rule: "device",
      what: "devices",
      setting: names.allowedDevices,
    }),
    ...judgeDevices(rawDisks, rules.allowedRawDisks, {
      rule: "raw-disk",
      what: "disks of the host",
      setting: names.allowedRawDisks,
    }),
  ];
}

function isAllowedCapability(
  { name }: CapabilityDemand,
  { allowedCapabilities: allowed }: HostPolicyRules,
): boolean {
  const bare = bareCapability(name);
  return (
    everydayCapabilities.has(bare) ||
    allowed.map(bareCapability).some((it) => it === bare || it === "ALL")
  );
}

function bareCapability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, "");
}

function judgeDevices(
  demands: readonly DeviceDemand[],
  allowed: readonly string[],
  {
    rule,
    what,
    setting,
  }: { readonly rule: HostPolicyRuleId; readonly what: string; readonly setting: string },
): readonly RuleDenial[] {
  return demands
    .filter(({ path }) => !allowed.some((it) => isWithin(normalisedPath(path), normalisedPath(it))))
    .map(({ path, field }) => {
      const message = `${what} have to be allowed one by one: leave it out, or add it to ${setting} on the node`;
      return { rule, field, seen: shortened(path), message, setting };
    });
}
