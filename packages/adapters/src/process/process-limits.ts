import type { ProcessSpec, ResourceLimits } from "@persys/core";
import type { CgroupLeaf } from "./cgroups.ts";

/** How the limits of a spec are held besides the control group. */
export interface ProcessLimits {
  /** The words before a program that limit the process itself; none where there is nothing left to limit. */
  readonly words: readonly string[];
  /** What nothing holds. */
  readonly notHeld: readonly (keyof ResourceLimits)[];
}

const allLimits = [
  "cpuShares",
  "memoryBytes",
  "memorySwapBytes",
  "cpuMillicores",
  "pidsLimit",
] as const satisfies readonly (keyof ResourceLimits)[];

/**
 * Limits for what the control group does not hold. Memory becomes RLIMIT_AS, the address space of each process: allocations fail where a
 * group would kill. The count of processes becomes RLIMIT_NPROC, which counts all processes of an account and does not bind root, so it
 * is set only where the spec names an account. Shares, millicores and swap cannot be had this way.
 */
export function limitsOf(spec: ProcessSpec, leaf: CgroupLeaf | undefined): ProcessLimits {
  const { resources = {}, user } = spec;
  const open = new Set(allLimits.filter((it) => (resources[it] ?? 0) > 0 && !leaf?.limits.has(it)));
  const words: string[] = [];
  if (open.delete("memoryBytes")) words.push(`--as=${resources.memoryBytes}`);
  if (user && open.delete("pidsLimit")) words.push(`--nproc=${resources.pidsLimit}`);
  return {
    words: words.length === 0 ? [] : ["prlimit", ...words, "--"],
    notHeld: [...open],
  };
}
