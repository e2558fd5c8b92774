import { userInfo } from "node:os";
import { type AccountDemand, AgentError, type Demands, type ProcessSpec } from "@persys/core";
import { hostPathResolver } from "../shared/host-path.ts";
import { findUser, isOwnAccount } from "./host-user.ts";

/** What a process asks of the host: above all the account it runs as, which is all that confines it. */
export async function processDemands(spec: ProcessSpec, signal: AbortSignal): Promise<Demands> {
  const { resources, user = "", workingDir = "" } = spec;
  const account = user === "" ? agentsAccount() : await accountOf(user, signal);
  const place = workingDir === "" ? undefined : await hostPathResolver()(workingDir);
  signal.throwIfAborted();
  return {
    cpuMillicores: resources?.cpuMillicores ?? 0,
    memoryBytes: resources?.memoryBytes ?? 0,
    hostPaths:
      place === undefined
        ? []
        : [{ ...place, written: workingDir, field: "workingDir", readOnly: false, use: "enter" }],
    user,
    account,
  };
}

function agentsAccount(): AccountDemand {
  const uid = process.getuid?.();
  return { field: "user", name: ownName(String(uid)), uid, isAgents: true };
}

function ownName(otherwise: string): string {
  try {
    return userInfo().username;
  } catch {
    return otherwise; // An account without an entry.
  }
}

async function accountOf(user: string, signal: AbortSignal): Promise<AccountDemand> {
  const [key = "", group] = user.split(":");
  try {
    const own = await findUser(key, signal);
    const gid = group === undefined ? own.gid : Number(group);
    return {
      field: "user",
      name: own.name || key,
      uid: own.uid,
      ...(gid === own.gid ? {} : { otherGid: gid }),
      isAgents: isOwnAccount({ ...own, gid }),
    };
  } catch (error) {
    if (!AgentError.hasCode(error, "INVALID_SPEC")) throw error;
    return { field: "user", name: user, uid: undefined, isAgents: false };
  }
}
