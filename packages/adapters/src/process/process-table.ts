import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { isGone } from "./process-errors.ts";
import { Slices } from "../shared/wait.ts";

/** A process as the kernel identifies it for as long as the host is up: a pid alone is used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of `/proc/pid/stat`. */
  readonly startTicks: number;
}

/** What `/proc/pid/stat` says of a process. */
export interface ProcessStat extends ProcessIdentity {
  /** One letter of proc(5): R S D running and waiting, T stopped, Z ended but not yet reaped. */
  readonly state: string;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** User and system time, clock ticks. */
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/**
 * The process with this pid, or undefined when there is none.
 * @throws the system's error when that cannot be told.
 */
function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(pid, readLine(`/proc/${pid}/stat`));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** More than the longest stat line: 52 numbers and a name. */
const line = Buffer.alloc(2048);

/** A file of one short line, at half the cost of reading a file of any length. */
function readLine(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    return line.toString("latin1", 0, readSync(descriptor, line));
  } finally {
    closeSync(descriptor);
  }
}

/** Fields are counted after the last `)`: the command's name before it may hold anything. Field 3 is then the first. */
function parseStat(pid: number, text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    state: fields[0] ?? "",
    parentPid: field(4),
    groupId: field(5),
    sessionId: field(6),
    cpuTicks: field(14) + field(15),
    startTicks: field(22),
    residentPages: field(24),
  };
}

/** The process if it still runs: not ended, not another one under the same pid. */
export function runningStat(identity: ProcessIdentity): ProcessStat | undefined {
  const stat = readStat(identity.pid);
  if (stat === undefined || stat.startTicks !== identity.startTicks) return undefined;
  return stat.state === "Z" || stat.state === "X" ? undefined : stat;
}

/** Every process of the host. */
export async function readAllStats(): Promise<readonly ProcessStat[]> {
  const slices = new Slices(5);
  const stats: ProcessStat[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readStat(pid);
    if (stat !== undefined) stats.push(stat);
    if (slices.isOver) await slices.turn();
  }
  return stats;
}

/**
 * Of `stats`, what belongs to the session that `leader` began: its members, and their descendants in whatever session as long as their
 * line of parents stands. Nothing when the leader's pid is another process by now: the kernel gives a number away only once no member
 * of its session is left.
 */
export function familyOf(
  leader: ProcessIdentity,
  stats: readonly ProcessStat[],
): readonly ProcessStat[] {
  const holder = stats.find((it) => it.pid === leader.pid);
  if (holder !== undefined && holder.startTicks !== leader.startTicks) return [];
  const childrenOf = Map.groupBy(stats, (it) => it.parentPid);
  const family = new Map<number, ProcessStat>();
  const isMember = (it: ProcessStat): boolean =>
    it.sessionId === leader.pid && it.startTicks >= leader.startTicks;
  const open = stats.filter(isMember);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (family.has(next.pid)) continue;
    family.set(next.pid, next);
    open.push(...(childrenOf.get(next.pid) ?? []));
  }
  return [...family.values()].filter((it) => it.state !== "Z");
}

/** Sends a signal; false when there is no such process (negative: no such group). */
export function sendSignal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}
