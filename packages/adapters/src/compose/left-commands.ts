import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { AgentError } from "@persys/core";
import { endGroup, markVariable } from "./compose-command.ts";
import { errnoOf } from "../docker/docker-errors.ts";
import { pause } from "../shared/wait.ts";

const lookEveryMs = 20;
/** How often a process is looked at again that is becoming another program: that takes it less than the first of these. */
const looksMax = 10;
/** How long processes that were ended may take to go, in milliseconds. */
const patienceDefaultMs = 5_000;

/** How left commands are looked for. */
export interface LeftCommandsOptions {
  /** How long processes that were ended may take to go, in milliseconds. Default 5,000. */
  readonly patienceMs?: number;
  /** Whose processes are ended. Default: those of the agent's own account. */
  readonly uid?: number | undefined;
}

/**
 * Ends compose commands of a project that have outlived the agent which started them, and resolves with whether there were any. They are found
 * by the mark in their environment: a record of process ids could name somebody else's process by now. Only processes of the account `uid`, the
 * agent's own, are looked at, and none that runs in a container.
 * @throws {AgentError} RUNTIME_ERROR, retryable, naming the processes, when some are still there after `patienceMs`.
 */
export async function endLeftCommands(
  mark: string,
  signal: AbortSignal,
  { patienceMs = patienceDefaultMs, uid = process.geteuid?.() }: LeftCommandsOptions = {},
): Promise<boolean> {
  const untilMs = performance.now() + patienceMs;
  let found = false;
  for (;;) {
    const pids = await commandsOf(mark, uid, signal);
    if (pids.length === 0) return found;
    if (performance.now() >= untilMs) throw stillThere(pids);
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

async function commandsOf(
  mark: string,
  uid: number | undefined,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const wanted = `${markVariable}=${mark}`;
  const ownSpace = await spaceOf("self");
  const isCommand = async (pid: number): Promise<boolean> =>
    pid !== process.pid &&
    (await environmentOf(pid, uid, signal)).includes(wanted) &&
    (await spaceOf(pid)) === ownSpace;
  const pids = (await readdir("/proc")).filter((it) => /^\d+$/.test(it)).map(Number);
  const are = await Promise.all(pids.map(isCommand));
  return pids.filter((_, at) => are[at] === true);
}

/** Empty for processes of other accounts, for those that are gone, and for those that have ended. */
async function environmentOf(
  pid: number,
  uid: number | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const about = await stat(`/proc/${pid}`);
    if (about.uid !== uid) return [];
    for (let look = 1; ; look += 1) {
      const text = await readFile(`/proc/${pid}/environ`, "utf8");
      const isFinal = text !== "" || look === looksMax || (await hasNoEnvironment(pid));
      if (isFinal) return text.split("\0");
      await pause(lookEveryMs, signal);
    }
  } catch {
    signal.throwIfAborted();
    // ENOENT, ESRCH, EACCES: it is not one of ours that runs.
    return [];
  }
}

/**
 * Whether a process has no environment and gets none: it has ended, or was started so. In the midst of execve(2) it only has none yet
 * (proc_pid_stat(5): the fields `vsize`, `env_start` and `env_end`).
 */
async function hasNoEnvironment(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // What comes before is the name of the program, in which there may be anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): string => fields[number - 3] ?? "0";
  return field(23) === "0" || (field(51) !== "0" && field(50) === field(51));
}

/** The namespace of processes (pid_namespaces(7)): a container has its own. Undefined where it cannot be told. */
async function spaceOf(pid: number | "self"): Promise<string | undefined> {
  try {
    return await readlink(`/proc/${pid}/ns/pid`);
  } catch (error) {
    // Of ourselves it can always be told.
    if (pid === "self") throw error;
    return undefined;
  }
}

function stillThere(pids: readonly number[]): AgentError {
  return new AgentError(
    "RUNTIME_ERROR",
    `compose commands of an earlier agent do not end (process ids ${pids.join(", ")}): end them, or find out what holds them`,
    { retryable: true },
  );
}
