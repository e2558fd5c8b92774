import type { Denial } from "../../errors/denial.ts";

/** The rules of a node about what workloads may ask of it. The names are stable: machines may act on them. */
export const hostPolicyRuleIds = [
  "host-path-protected",
  "host-path-unresolved",
  "host-path-elsewhere",
  "host-path-read-only",
  "host-path",
  "privileged",
  "capability",
  "host-namespace",
  "device",
  "raw-disk",
  "bridge",
  "storage-pool",
  "published-address",
  "published-port",
  "account",
  "image-registry",
  "image-digest",
  "git-repository",
  "secret-file",
  "secret-variable",
] as const;

/** One of {@link hostPolicyRuleIds}. */
export type HostPolicyRuleId = (typeof hostPolicyRuleIds)[number];

/** A denial by one of the rules. */
export type RuleDenial = Denial & { readonly rule: HostPolicyRuleId };

const seenCharsMax = 200;

/** What was seen, shortened. */
export function shortened(text: string): string {
  return text.length <= seenCharsMax ? text : `${text.slice(0, seenCharsMax - 1)}…`;
}
