import { z } from "zod";

/** What a workload may use at most. 0 or absent: no limit of its own. */
export interface ResourceLimits {
  /** Weight against others when the processor is contended, 2 to 262144; 1024 is the usual weight. */
  readonly cpuShares?: number | undefined;
  /** At least 4 MiB; for a container at least 6 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Memory and swap together, so at least `memoryBytes`, which it needs. */
  readonly memorySwapBytes?: number | undefined;
  /** Thousandths of a core. */
  readonly cpuMillicores?: number | undefined;
  /** Processes and threads together. */
  readonly pidsLimit?: number | undefined;
}

/** Least memory that a limit may leave, in MiB. */
const memoryMibMin = {
  /** Below it not even a shell starts reliably. */
  process: 4,
  /** Docker's own minimum: linuxMinMemory of its daemon. */
  container: 6,
} as const;

/** The weights that the kernel accepts for `cpu.shares`. */
const cpuSharesRange = { min: 2, max: 262_144 } as const;

const count = (min: number, max: number, rule: string): z.ZodType<number | undefined> =>
  z
    .int({ error: "must be a whole number" })
    .refine((it) => it === 0 || (it >= min && it <= max), { error: rule })
    .optional();

const limits = (mibMin: number): z.ZodType<ResourceLimits> => {
  const memory = count(
    mibMin * 1024 * 1024,
    Number.MAX_SAFE_INTEGER,
    `must be at least ${mibMin * 1024 * 1024} bytes (${mibMin} MiB), or 0 for no limit`,
  );
  return z
    .strictObject({
      cpuShares: count(
        cpuSharesRange.min,
        cpuSharesRange.max,
        `must be ${cpuSharesRange.min} to ${cpuSharesRange.max}, or 0 for no weight of its own`,
      ),
      memoryBytes: memory,
      memorySwapBytes: memory,
      cpuMillicores: count(
        10,
        1_024_000,
        "must be 10 to 1024000 thousandths of a core, or 0 for no limit",
      ),
      pidsLimit: count(1, 4_194_304, "must be 1 to 4194304, or 0 for no limit"),
    })
    .superRefine(checkSwap);
};

function checkSwap(it: ResourceLimits, context: z.RefinementCtx): void {
  const swap = it.memorySwapBytes ?? 0;
  if (swap === 0) return;
  const memory = it.memoryBytes ?? 0;
  if (memory !== 0 && swap >= memory) return;
  context.addIssue({
    code: "custom",
    path: ["memorySwapBytes"],
    message:
      memory === 0
        ? "needs memoryBytes as well: it is the limit of memory and swap together"
        : "must be at least memoryBytes: it is the limit of memory and swap together",
    input: swap,
  });
}

/** The schema of {@link ResourceLimits} for a process; 0 counts as left out. */
export const resourceLimitsSchema: z.ZodType<ResourceLimits> = limits(memoryMibMin.process);

/** The schema of {@link ResourceLimits} for a container; 0 counts as left out. */
export const containerLimitsSchema: z.ZodType<ResourceLimits> = limits(memoryMibMin.container);
