import { AgentError } from "@persys/core";
import type { Cgroups } from "./cgroups.ts";
import { isHeld, type Run } from "./instance-folder.ts";
import {
  familyOf,
  type ProcessIdentity,
  type ProcessStat,
  readAllStats,
  runningStat,
  sendSignal,
} from "./process-table.ts";
import { readBootId } from "../shared/boot-id.ts";
import { pause, until } from "../shared/wait.ts";

/** A run to end. */
export interface EndOptions {
  readonly folder: string;
  /** The group that holds the run's processes; undefined where there are no groups. */
  readonly group: { readonly cgroups: Cgroups; readonly name: string } | undefined;
  /** Reads the newest run again. */
  readonly look: () => Run | undefined;
  /** Between the request to end and the force. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

/** From a kill to the end of a process nothing but the kernel is in between; longer means it hangs there, in a system call. */
const killTimeoutMs = 10_000;
/** From a start to its record, and from the end of a program to the next one. */
const recordTimeoutMs = 10_000;

/** One for a run that is up, one for a start that was let through before it was forbidden, and one to see that nothing is left. */
const roundsMax = 5;

/**
 * Ends all that the newest run has started: SIGTERM to its process group, SIGKILL after the grace to everything in its control group, or
 * without one in its session and below it. A start that is still on its way is awaited and ended too. Returns once nothing is left and
 * the supervisor has said what it knows. Repeatable.
 * @throws {AgentError} RUNTIME_ERROR while processes resist.
 */
export async function endRun(options: EndOptions): Promise<void> {
  const { folder, look, signal } = options;
  // Whoever holds the FIFO has something to say yet: that a program runs, or how it ended.
  const isKnown = (): boolean => !isHeld(folder) || isUp(look());
  for (let round = 1; round <= roundsMax; round += 1) {
    if (!(await until(isKnown, { timeoutMs: recordTimeoutMs, signal }))) break;
    await endProcesses(look(), options);
    // In this order: a program is on record before the FIFO is let go.
    if (!isHeld(folder) && !isUp(look())) return;
  }
  throw resists(folder);
}

function isUp(run: Run | undefined): boolean {
  return run?.state === "running" || run?.state === "paused";
}

async function endProcesses(run: Run | undefined, options: EndOptions): Promise<void> {
  const leader = run?.record;
  if (leader !== undefined && leader.bootId === readBootId()) {
    const escaped = isUp(run) ? await askToEnd(leader, options) : [];
    await killRest(leader, escaped, options);
  } else if (options.group !== undefined) {
    await killMembers(options.group.cgroups, options.group.name, options.signal);
  }
}

/** The request and the grace. Returns its family as it was before: what leaves the session can later be found nowhere else. */
async function askToEnd(
  leader: ProcessIdentity,
  options: EndOptions,
): Promise<readonly ProcessStat[]> {
  const family = options.group === undefined ? familyOf(leader, await readAllStats()) : [];
  // The group exists as long as its leader does, so its number is no one else's.
  if (runningStat(leader) !== undefined) {
    sendSignal(-leader.pid, "SIGTERM");
    sendSignal(-leader.pid, "SIGCONT");
  }
  const hasEnded = (): boolean => runningStat(leader) === undefined;
  await until(hasEnded, { timeoutMs: options.graceMs, signal: options.signal });
  if (runningStat(leader) !== undefined) sendSignal(-leader.pid, "SIGKILL");
  return family;
}

async function killRest(
  leader: ProcessIdentity,
  escaped: readonly ProcessStat[],
  options: EndOptions,
): Promise<void> {
  if (options.group !== undefined)
    return killMembers(options.group.cgroups, options.group.name, options.signal);
  const giveUpAtMs = performance.now() + killTimeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const stats = await readAllStats();
    const left = new Set(familyOf(leader, stats).map((it) => it.pid));
    for (const it of escaped) if (runningStat(it) !== undefined) left.add(it.pid);
    if (left.size === 0) return;
    if (performance.now() > giveUpAtMs) throw resists(options.folder);
    for (const pid of left) sendSignal(pid, "SIGKILL");
    await pause(5, options.signal);
  }
}

/** Ends whatever a control group holds. */
async function killMembers(cgroups: Cgroups, name: string, signal: AbortSignal): Promise<void> {
  const isEmpty = (): boolean => {
    const members = cgroups.members(name);
    for (const pid of members) sendSignal(pid, "SIGKILL");
    return members.length === 0;
  };
  if (!(await until(isEmpty, { timeoutMs: killTimeoutMs, signal }))) throw resists(name);
}

function resists(what: string): AgentError {
  return new AgentError("RUNTIME_ERROR", `processes could not be ended in time: ${what}`, {
    retryable: true,
  });
}
