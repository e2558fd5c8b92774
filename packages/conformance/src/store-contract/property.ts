import * as fc from "fast-check";
import type { CaseContext } from "../contract-case.ts";
import { ContractViolation } from "../contract-violation.ts";
import { violationOf } from "./violation-of.ts";

/** How a {@link checkProperty} is made. */
export interface PropertyOptions<T> {
  readonly runs: number;
  readonly arbitrary: fc.Arbitrary<T>;
  /** A line for each call that the value stands for. */
  readonly tell: (value: T) => readonly string[];
  /** Throws when the promise is broken. */
  readonly holds: (value: T) => Promise<void>;
}

/**
 * Tries the promise on values that follow from the seed of the case.
 * @throws {ContractViolation} with the shortest sequence found that breaks it.
 */
export async function checkProperty<T>(
  { seed, signal }: Pick<CaseContext, "seed" | "signal">,
  options: PropertyOptions<T>,
): Promise<void> {
  const { runs, arbitrary, tell, holds } = options;
  const property = fc.asyncProperty(arbitrary, async (value) => {
    signal.throwIfAborted();
    await holds(value);
  });
  // fast-check takes a signed seed of 32 bits.
  const found = await fc.check(property, { seed: seed | 0, numRuns: runs });
  signal.throwIfAborted();
  if (!found.failed) return;
  const broken = violationOf(found.errorInstance);
  const [value] = found.counterexample ?? [];
  throw new ContractViolation(broken.message, {
    ...broken.details,
    ...(value === undefined ? {} : { sequence: tell(value) }),
  });
}
