import type { Demands } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import type { HostPolicyRules, HostPolicySettingNames } from "./host-policy-rules.ts";

/** What a node's rules say of the bridges and pools of storage that a machine takes part in. */
export function judgeMachineParts(
  { bridges = [], storagePools = [] }: Pick<Demands, "bridges" | "storagePools">,
  { allowedBridges, allowedStoragePools }: HostPolicyRules,
  names: HostPolicySettingNames,
): readonly RuleDenial[] {
  return [
    ...bridges
      .filter(({ name }) => !allowedBridges.includes(name))
      .map(({ name, field }): RuleDenial => {
        const setting = names.allowedBridges;
        const message = `it is no network of libvirt, and as a bridge of the host it would put the machine on the networks behind it: name a network of libvirt, or add ${shortened(name)} to ${setting} on the node`;
        return { rule: "bridge", field, seen: shortened(name), message, setting };
      }),
    ...storagePools
      .filter(({ name }) => !allowedStoragePools.includes(name))
      .map(({ name, field }): RuleDenial => {
        const setting = names.allowedStoragePools;
        const message = `${listed(allowedStoragePools)}: leave it out for a disk in the node's own folder, or add ${shortened(name)} to ${setting} on the node`;
        return { rule: "storage-pool", field, seen: shortened(name), message, setting };
      }),
  ];
}

function listed(allowed: readonly string[]): string {
  if (allowed.length === 0) return "this node makes disks in no pool of storage";
  const more = allowed.length > 5 ? ", …" : "";
  return `this node makes disks only in the pools ${allowed.slice(0, 5).join(", ")}${more}`;
}
