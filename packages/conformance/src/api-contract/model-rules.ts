import * as fc from "fast-check";
import type { CaseContext } from "../contract-case.ts";
import { ContractViolation } from "../contract-violation.ts";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { operations, type Operation, operationText } from "./model-operations.ts";
import { ModelRun } from "./model-run.ts";

/** Sequences that one case sends. */
const runsOfACase = 6;

/** Whatever is asked in whatever order, the answers are those of a model. */
export const modelRules: readonly ApiRule[] = [
  {
    id: "requests-in-any-order",
    clause: "API-170",
    level: "MUST",
    title:
      "whatever is asked in whatever order, answers and statuses are those of the model, and it comes to be",
    async check(stage, context) {
      const derived = new Map<number, string>();
      let runs = 0;
      await holds(stage, context, async (sequence) => {
        runs += 1;
        const run = new ModelRun(stage, `run${runs}`, derived);
        for (const operation of sequence) await run.perform(operation);
        await run.settle();
      });
    },
  },
];

/** Tries the property on random sequences. @throws {ContractViolation} with the shortest sequence found that breaks it. */
async function holds(
  stage: ApiStage,
  { seed, signal }: CaseContext,
  property: (sequence: readonly Operation[]) => Promise<void>,
): Promise<void> {
  const result = await fc.check(
    fc.asyncProperty(operations, async (sequence) => {
      signal.throwIfAborted();
      await property(sequence);
    }),
    {
      // fast-check takes signed numbers of 32 bits.
      seed: seed | 0,
      numRuns: runsOfACase,
      // Shrinking what only shows past the patience would take for ever.
      interruptAfterTimeLimit: runsOfACase * stage.subject.patienceMs,
    },
  );
  if (!result.failed) return;
  const cause = result.errorInstance;
  const details = cause instanceof ContractViolation ? cause.details : { cause };
  const message = cause instanceof Error ? cause.message : String(cause);
  const sequence = (result.counterexample?.[0] ?? []).map(operationText);
  throw new ContractViolation(message, { ...details, sequence });
}
