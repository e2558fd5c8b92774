import * as fc from "fast-check";
import type { CaseContext } from "../contract-case.ts";
import { ContractViolation } from "../contract-violation.ts";
import type { ApiRule } from "./api-rule.ts";
import type { ApiStage } from "./api-stage.ts";
import { operations, type Operation, operationText } from "./model-operations.ts";
import { ModelRun } from "./model-run.ts";

/** Sequences that one case sends. */
const runsOfACase = 12;

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
      const ended: { readonly run: ModelRun; readonly sequence: readonly Operation[] }[] = [];
      let runs = 0;
      await holds(stage, context, async (sequence) => {
        runs += 1;
        const run = new ModelRun(stage, `run${runs}`, derived);
        for (const operation of sequence) await run.perform(operation);
        ended.push({ run, sequence });
      });
      // All together: a workload may take its time to count as running.
      await Promise.all(ended.map(({ run, sequence }) => blamed(run.settle(), sequence)));
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
      interruptAfterTimeLimit: 4 * stage.subject.patienceMs,
    },
  );
  if (result.failed) throw violation(result.errorInstance, result.counterexample?.[0] ?? []);
}

async function blamed(settling: Promise<void>, sequence: readonly Operation[]): Promise<void> {
  try {
    await settling;
  } catch (error) {
    throw violation(error, sequence);
  }
}

/** What went wrong, after which requests. */
function violation(cause: unknown, operationsSent: readonly Operation[]): ContractViolation {
  const details = cause instanceof ContractViolation ? cause.details : { cause };
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ContractViolation(message, {
    ...details,
    sequence: operationsSent.map(operationText),
  });
}
