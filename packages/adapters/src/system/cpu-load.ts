import type { CpuInfo } from "node:os";

/** The time all CPUs of a machine have spent since it was started, in milliseconds. */
export interface CpuTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** The sum over all CPUs. */
export function cpuTimesOf(cpus: readonly Pick<CpuInfo, "times">[]): CpuTimes {
  let idleMs = 0;
  let totalMs = 0;
  for (const { times } of cpus) {
    idleMs += times.idle;
    totalMs += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { busyMs: totalMs - idleMs, totalMs };
}

/** How busy the CPUs were between two readings, 0 to 100; 0 when no time has passed. */
export function cpuPercentBetween(before: CpuTimes, after: CpuTimes): number {
  const totalMs = after.totalMs - before.totalMs;
  if (totalMs <= 0) return 0;
  return Math.min(Math.max(((after.busyMs - before.busyMs) / totalMs) * 100, 0), 100);
}
