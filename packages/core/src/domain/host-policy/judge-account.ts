import type { AccountDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import type { HostPolicyRules, HostPolicySettingNames } from "./host-policy-rules.ts";

const rootId = 0;

/** What a node's rules say of the account of the host that a spec runs as. */
export function judgeAccount(
  demand: AccountDemand | undefined,
  { processUsers: allowed }: HostPolicyRules,
  { processUsers: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  if (demand === undefined) return [];
  const { field, name, uid, otherGid } = demand;
  const isId = !isNoId(uid) && !isNoId(otherGid);
  if (isId && allowed.some((it) => isNamed(demand, it))) return [];
  const account = uid === undefined || String(uid) === name ? name : `${name} (uid ${uid})`;
  const seen = otherGid === undefined ? account : `${account} with group ${otherGid}`;
  const shown = allowed.length === 0 ? "none" : allowed.slice(0, 5).join(", ");
  const whose = demand.isAgents ? "the agent's own account, " : "";
  const what = uid === rootId ? "root, which is the host's master" : "an account of the host";
  const message = `it would run as ${whose}${what}, and the accounts allowed here are ${shown}: name another, or add it to ${setting} on the node`;
  return [{ rule: "account", field, seen: shortened(seen), message, setting }];
}

/**
 * Whether an entry names the account, with the group asked for: `app` with its own group alone, since some groups are as good as root, and
 * `app:33` with that one. Only its own name speaks of root.
 */
function isNamed({ name, uid, otherGid, isAgents }: AccountDemand, entry: string): boolean {
  const isHarmless = uid !== rootId && otherGid !== rootId;
  if (entry === "any") return isHarmless;
  if (entry === "self") return isAgents && isHarmless;
  const [account = "", group] = entry.split(":");
  const accounts = [name, ...(uid === undefined ? [] : [String(uid)])];
  const isMeant =
    uid === rootId ? account === "root" || account === "0" : accounts.includes(account);
  return isMeant && group === (otherGid === undefined ? undefined : String(otherGid));
}

/** All bits set mean "leave it as it is" to the kernel (setresuid(2)): the account would stay that of the agent. */
function isNoId(id: number | undefined): boolean {
  return id !== undefined && id >= 0xffff_ffff;
}
