import type { ImageDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import type { HostPolicyRules, HostPolicySettingNames } from "./host-policy-rules.ts";

/** What a node's rules say of the images that a spec is made of. */
export function judgeImages(
  demands: readonly ImageDemand[],
  rules: HostPolicyRules,
  names: HostPolicySettingNames,
): readonly RuleDenial[] {
  return demands.flatMap((demand) => [
    ...judgeRegistry(demand, rules, names),
    ...judgeDigest(demand, rules, names),
  ]);
}

function judgeRegistry(
  { reference, registry, repository, field }: ImageDemand,
  { imageRegistries: allowed }: HostPolicyRules,
  { imageRegistries: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  if (allowed === "any" || allowed.some((it) => isFrom(registry, repository, it))) return [];
  const shown = allowed.length === 0 ? "nowhere" : allowed.slice(0, 5).join(", ");
  const from = `${registry}/${repository}`;
  const message = `it is ${shortened(from)}, and images come from ${shown}: use one of those, or add ${registry} to ${setting} on the node`;
  return [{ rule: "image-registry", field, seen: shortened(reference), message, setting }];
}

/** Names of registries are names of hosts, in any case; paths are compared part by part. */
function isFrom(registry: string, repository: string, allowed: string): boolean {
  const slash = allowed.indexOf("/");
  const host = slash < 0 ? allowed : allowed.slice(0, slash);
  const path = slash < 0 ? "" : allowed.slice(slash + 1).replace(/\/+$/, "");
  if (host.toLowerCase() !== registry.toLowerCase()) return false;
  return path === "" || repository === path || repository.startsWith(`${path}/`);
}

function judgeDigest(
  { reference, isPinned, field }: ImageDemand,
  { requireImageDigest }: HostPolicyRules,
  { requireImageDigest: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  if (!requireImageDigest || isPinned) return [];
  const message = `what a name and a tag stand for can change: add \`@sha256:\` and the digest of the image that is meant, or switch ${setting} off on the node`;
  return [{ rule: "image-digest", field, seen: shortened(reference), message, setting }];
}
