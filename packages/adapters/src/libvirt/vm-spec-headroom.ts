import type { Violation } from "@persys/core";
import { z } from "zod";

/** How far a machine can grow while it runs. */
export interface HeadroomSpec {
  /** Virtual processors, at least those it has; 0 or left out: none can be added, nor taken away, while it runs. */
  readonly maxVcpus?: number | undefined;
  /** Memory in MiB, at least what it has; 0 or left out: what it has. Less can be given at any time. */
  readonly maxMemoryMb?: number | undefined;
}

/** The rules of {@link HeadroomSpec}, under the same limits as what a machine has. */
export function headroomMembers(most: { readonly vcpus: number; readonly memoryMb: number }): {
  readonly maxVcpus: z.ZodOptional<z.ZodInt>;
  readonly maxMemoryMb: z.ZodOptional<z.ZodInt>;
} {
  return {
    maxVcpus: z.int().min(0).max(most.vcpus).optional(),
    maxMemoryMb: z.int().min(0).max(most.memoryMb).optional(),
  };
}

/** What is wrong with the most of a spec beside what it has. */
export function headroomFaults(spec: unknown): readonly Violation[] {
  if (typeof spec !== "object" || spec === null) return [];
  const members = new Map<string, unknown>(Object.entries(spec));
  const pairs = [
    ["maxVcpus", "vcpus"],
    ["maxMemoryMb", "memoryMb"],
  ] as const;
  return pairs.flatMap(([most, has]) => {
    const [limit, value] = [members.get(most), members.get(has)];
    const isLess =
      typeof limit === "number" && typeof value === "number" && limit > 0 && limit < value;
    return isLess ? [{ path: [most], rule: `must be at least \`${has}\`, or left out` }] : [];
  });
}
