import { AgentError } from "@persys/core";
import { refusal } from "./process-errors.ts";
import { runTool } from "./run-tool.ts";

/** An account of the host that a program is to run as. */
export interface HostUser {
  readonly uid: number;
  readonly gid: number;
  /** Empty for a uid without an entry. */
  readonly name: string;
  /** `/` for a uid without an entry. */
  readonly home: string;
}

/** Exit status of getent for a key that no database knows (getent(1)). */
const keyNotFound = 2;

/**
 * The account that a spec names: a user's name, a uid, or uid:gid, resolved through the host's name service. A uid may have no entry.
 * @throws {AgentError} INVALID_SPEC when there is no user of that name.
 */
export async function findUser(user: string, signal: AbortSignal): Promise<HostUser> {
  const [key = "", group] = user.split(":");
  const entry = await passwdEntry(key, signal);
  const isNumber = /^\d+$/.test(key);
  if (entry === undefined && !isNumber)
    throw refusal("INVALID_SPEC", `there is no user ${key} on this host`, "user");
  const [name = "", , uid = key, gid = key, , home = "/"] = entry?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(group ?? gid), name, home: home === "" ? "/" : home };
}

async function passwdEntry(key: string, signal: AbortSignal): Promise<string | undefined> {
  const { code, output } = await runTool(["getent", "passwd", key], signal);
  if (code === 0) return output.trimEnd();
  if (code === keyNotFound) return undefined;
  throw new AgentError("RUNTIME_ERROR", `getent failed with status ${code}`, {
    effect: "none",
    retryable: true,
  });
}

/** Whether the agent itself runs as this account, so that nothing has to be changed for it. */
export function isOwnAccount(user: HostUser): boolean {
  return process.getuid?.() === user.uid && process.getgid?.() === user.gid;
}

/** Whether the agent may run programs as others. */
export function canChangeUser(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * The words before a program that make it run as `user`, with that account's groups; none for the agent's own account. A gid that differs
 * from the account's own, or a uid without an entry, comes without further groups.
 */
export function changeUserWords(user: HostUser, isGroupGiven: boolean): readonly string[] {
  if (isOwnAccount(user)) return [];
  const groups = user.name === "" || isGroupGiven ? "--clear-groups" : "--init-groups";
  return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, groups, "--"];
}
