import type { Demands } from "../demands.ts";
import type { RuleDenial } from "./denial.ts";
import {
  type HostPolicyRules,
  type HostPolicySettingNames,
  ruleMemberNames,
} from "./host-policy-rules.ts";
import { judgeAccount } from "./judge-account.ts";
import { judgeGrants } from "./judge-grants.ts";
import { judgeHostPaths } from "./judge-host-paths.ts";
import { judgeImages } from "./judge-images.ts";
import { judgeMachineParts } from "./judge-machine-parts.ts";
import { judgePorts } from "./judge-ports.ts";
import { judgeRepositories } from "./judge-repositories.ts";
import { judgeSecrets } from "./judge-secrets.ts";

/**
 * Everything that a spec asks for and a node does not give: pure, total, all of it at once. Empty: it may run. `names` are what the denials
 * call the settings.
 */
export function judgeDemands(
  demands: Demands,
  rules: HostPolicyRules,
  names: HostPolicySettingNames = ruleMemberNames,
): readonly RuleDenial[] {
  return [
    ...judgeHostPaths(demands.hostPaths, rules, names),
    ...judgeGrants(demands, rules, names),
    ...judgeMachineParts(demands, rules, names),
    ...judgePorts(demands.ports ?? [], rules, names),
    ...judgeAccount(demands.account, rules, names),
    ...judgeImages(demands.images ?? [], rules, names),
    ...judgeRepositories(demands.repositories ?? [], rules, names),
    ...judgeSecrets(demands, rules, names),
  ];
}
