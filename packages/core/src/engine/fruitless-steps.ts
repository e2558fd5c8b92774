import type { RuntimeStep } from "../domain/step.ts";
import type { StepOutcome } from "../domain/step-outcome.ts";

/** So often may a step succeed in a row with nothing to see of it before that counts as a failure. */
const inARowMax = 3;

/** Notices a runtime that says again and again that a step succeeded while nothing changes: it must not be asked in a tight loop. */
export class FruitlessSteps {
  #key = "";
  #inARow = 0;

  /** The outcome, or a failure in its place when the step has been fruitless too often. */
  judge(
    step: RuntimeStep,
    outcome: StepOutcome,
    seen: { readonly unchanged: boolean; readonly nowMs: number },
  ): StepOutcome {
    const key = "target" in step ? `${step.kind}:${step.target}` : step.kind;
    const isFruitless = outcome.kind === "done" && seen.unchanged && step.kind !== "prepare";
    this.#inARow = isFruitless ? (key === this.#key ? this.#inARow : 0) + 1 : 0;
    this.#key = key;
    if (this.#inARow < inARowMax) return outcome;
    const message = `${step.kind} was said to have succeeded ${this.#inARow} times in a row, but nothing changed`;
    const failure = {
      reason: "RUNTIME_ERROR",
      message,
      retryable: true,
      atMs: seen.nowMs,
    } as const;
    return { kind: "failed", failed: { failure, effect: "unknown", retryAfterMs: 0 } };
  }
}
