import { z } from "zod";

/** What a workload may use at most. 0 or absent: no limit of its own. */
export interface ResourceLimits {
  /** Weight against others when the processor is contended, 2 to 262144; 1024 is the usual weight. */
  readonly cpuShares?: number | undefined;
  /** At least 4 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Memory and swap together, so at least `memoryBytes`, which it needs. */
  readonly memorySwapBytes?: number | undefined;
  /** Thousandths of a core. */
  readonly cpuMillicores?: number | undefined;
  /** Processes and threads together. */
  readonly pidsLimit?: number | undefined;
}

/** Least memory that a limit may leave: below it not even a shell starts reliably. Docker's own minimum is 6 MiB. */
const memoryBytesMin = 4 * 1024 * 1024;

/** The weights that the kernel accepts for `cpu.shares`. */
const cpuSharesRange = { min: 2, max: 262_144 } as const;

const count = (min: number, max: number, rule: string): z.ZodType<number | undefined> =>
  z
    .int({ error: "must be a whole number" })
    .refine((it) => it === 0 || (it >= min && it <= max), { error: rule })
    .optional();

/** The schema of {@link ResourceLimits}; 0 counts as left out. */
export const resourceLimitsSchema: z.ZodType<ResourceLimits> = z
  .strictObject({
    cpuShares: count(
      cpuSharesRange.min,
      cpuSharesRange.max,
      `must be ${cpuSharesRange.min} to ${cpuSharesRange.max}, or 0 for no weight of its own`,
    ),
    memoryBytes: count(
      memoryBytesMin,
      Number.MAX_SAFE_INTEGER,
      `must be at least ${memoryBytesMin} bytes (4 MiB), or 0 for no limit`,
    ),
    memorySwapBytes: count(
      memoryBytesMin,
      Number.MAX_SAFE_INTEGER,
      `must be at least ${memoryBytesMin} bytes (4 MiB), or 0 for no limit`,
    ),
    cpuMillicores: count(
      10,
      1_024_000,
      "must be 10 to 1024000 thousandths of a core, or 0 for no limit",
    ),
    pidsLimit: count(1, 4_194_304, "must be 1 to 4194304, or 0 for no limit"),
  })
  .superRefine((limits, context) => {
    const swap = limits.memorySwapBytes ?? 0;
    if (swap === 0) return;
    const memory = limits.memoryBytes ?? 0;
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
  });
