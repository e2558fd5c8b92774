import { readdir, readFile } from "node:fs/promises";
import { endGroup, markVariable } from "./compose-command.ts";
import { errnoOf } from "../docker/docker-errors.ts";
import { pause } from "../shared/wait.ts";

const lookEveryMs = 20;

/**
 * Ends compose commands of a project that have outlived the agent which started them, and resolves with whether there were any. They are found
 * by the mark in their environment: a record of process ids could name somebody else's process by now.
 */
export async function endLeftCommands(mark: string, signal: AbortSignal): Promise<boolean> {
  let found = false;
  for (;;) {
    const pids = await commandsOf(mark);
    if (pids.length === 0) return found;
    found = true;
    for (const pid of pids) endOne(pid);
    await pause(lookEveryMs, signal);
  }
}

/** One of its group may have made a group of its own. */
function endOne(pid: number): void {
  endGroup(pid);
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

async function commandsOf(mark: string): Promise<readonly number[]> {
  const wanted = `${markVariable}=${mark}`;
  const pids = (await readdir("/proc")).filter((it) => /^\d+$/.test(it)).map(Number);
  const marked = await Promise.all(
    pids.map(async (pid) => (await environmentOf(pid)).includes(wanted)),
  );
  return pids.filter((pid, at) => marked[at] === true && pid !== process.pid);
}

/** Empty for processes of others, for those that are gone, and for those that have ended. */
async function environmentOf(pid: number): Promise<readonly string[]> {
  try {
    return (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0");
  } catch {
    // ENOENT, ESRCH, EACCES: it is not one of ours that runs.
    return [];
  }
}
