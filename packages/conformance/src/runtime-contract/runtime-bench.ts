import { AssertionError } from "node:assert";
import { assertionViolation } from "../assertion-violation.ts";
import type { CaseContext } from "../contract-case.ts";
import { ContractViolation } from "../contract-violation.ts";
import type { RuntimeBench } from "./runtime-promise.ts";
import { RuntimeStage } from "./runtime-stage.ts";
import type { RuntimeSubject } from "./runtime-subject.ts";

/** The bench of one case. */
export function runtimeBench(
  factory: () => Promise<RuntimeSubject>,
  context: CaseContext,
): RuntimeBench {
  return { context, withStage: (work) => onStage(factory, context, work) };
}

async function onStage<T>(
  factory: () => Promise<RuntimeSubject>,
  context: CaseContext,
  work: (stage: RuntimeStage) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  const subject = await factory();
  const stage = new RuntimeStage(subject, context);
  const failures: unknown[] = [];
  const results: T[] = [];
  try {
    results.push(await work(stage));
  } catch (error) {
    failures.push(error);
  }
  stage.close();
  await subject.dispose().catch((error: unknown) => failures.push(error));
  if (context.signal.aborted) throw calledOff(context.signal.reason, stage.trail.lines);
  // A broken promise often leaves what cannot be cleared away; the promise is what matters then.
  if (failures.length > 0) throw violationOf(failures[0], stage.trail.lines);
  const [result] = results;
  return result as T;
}

/** Why a case was called off, with what it had done until then. */
function calledOff(reason: unknown, sequence: readonly string[]): ContractViolation {
  const message = reason instanceof Error ? reason.message : String(reason);
  return new ContractViolation(message, { sequence, cause: reason });
}

/** What was thrown, as a violation that tells what was done before. */
function violationOf(error: unknown, sequence: readonly string[]): unknown {
  if (error instanceof ContractViolation) {
    const { details } = error;
    return details.sequence === undefined
      ? new ContractViolation(error.message, { ...details, sequence })
      : error;
  }
  if (error instanceof AssertionError) return assertionViolation(error, { sequence });
  const message = error instanceof Error ? error.message : String(error);
  return new ContractViolation(`a call failed that must not: ${message}`, {
    sequence,
    cause: error,
  });
}
