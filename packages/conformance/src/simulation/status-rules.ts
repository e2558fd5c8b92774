import {
  AgentError,
  type AgentApi,
  errorCodes,
  observedFailureReasons,
  type WorkloadStatus,
} from "@persys/core";
import type { CallRules } from "./call-rules.ts";
import type { InvariantName } from "./simulation-violation.ts";
import { type Wish, type Wishes, wishText } from "./wishes.ts";

/** What the rules for statuses stand on. */
export interface StatusRulesContext {
  readonly calls: CallRules;
  readonly wishes: ReadonlyMap<string, Wishes>;
  /** Whether a call is under way that the workload waits for. */
  readonly isBusy: (id: string) => boolean;
  readonly violate: (invariant: InvariantName, message: string) => void;
}

const reasons: ReadonlySet<string> = new Set([...errorCodes, ...observedFailureReasons]);
const queuedRevision = /revision (\S+) is created afterwards/;

/** What must hold of every status at any moment: it shows what was acknowledged, never goes back, and hides no failure. */
export class StatusRules {
  readonly #context: StatusRulesContext;
  readonly #seen = new Map<string, WorkloadStatus>();

  constructor(context: StatusRulesContext) {
    this.#context = context;
  }

  /** Checks the status of one workload. */
  check(api: AgentApi, id: string): void {
    const status = statusOf(api, id);
    this.#checkWishes(id, status);
    if (status === undefined) return;
    this.#checkGrows(status);
    this.#checkFailure(status);
    this.#checkLastStep(api, status);
  }

  #checkWishes(id: string, status: WorkloadStatus | undefined): void {
    const possible = this.#context.wishes.get(id)?.possible;
    if (possible === undefined || possible.some((wish) => isShown(wish, status))) return;
    const asked = possible.map(wishText).join(" or ");
    this.#context.violate(
      "I1",
      `asked for of ${id} was ${asked}; the agent has ${JSON.stringify(status) ?? "nothing"}`,
    );
  }

  #checkGrows(status: WorkloadStatus): void {
    const before = this.#seen.get(status.id);
    this.#seen.set(status.id, status);
    if (before?.uid !== status.uid) return;
    const [epoch, counter] = status.observedSequence;
    const [epochBefore, counterBefore] = before.observedSequence;
    const goesBack =
      status.generation < before.generation ||
      epoch < epochBefore ||
      (epoch === epochBefore && counter < counterBefore);
    if (!goesBack) return;
    this.#context.violate(
      "I10",
      `the status of ${status.id} went back: generation ${before.generation} to ${status.generation}, sequence ${before.observedSequence.join(".")} to ${status.observedSequence.join(".")}`,
    );
  }

  #checkFailure({ id, actual, failure }: WorkloadStatus): void {
    if (actual !== "failed" && actual !== "unknown") return;
    const isTold = failure !== undefined && failure.message !== "" && reasons.has(failure.reason);
    if (isTold) return;
    this.#context.violate("I9", `${id} is ${actual}, and its status does not say why`);
  }

  /** A step that has failed, with nothing after it, is not passed over in silence. */
  #checkLastStep(api: AgentApi, status: WorkloadStatus): void {
    const { calls, violate } = this.#context;
    const { id, actual, generation } = status;
    const step = calls.lastStep(id);
    if (step?.code === undefined || step.generation !== generation) return;
    if (actual === "failed" || actual === "unknown") return;
    if (actual !== "pending" || this.#context.isBusy(id)) return;
    const { blockedBy, observed } = api.explain(id);
    // What is not stored yet is not shown yet; and what runs all the same has been seen since.
    if (blockedBy !== "" || observed.some(({ state }) => state === "running")) return;
    violate("I9", `${step.op} of ${id} failed with ${step.code}, and its status is ${actual}`);
  }
}

/** The status of a workload; undefined where there is none. */
export function statusOf(api: AgentApi, id: string): WorkloadStatus | undefined {
  try {
    return api.status(id);
  } catch (error) {
    if (AgentError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** What the agent wants, as the status of a workload that is not being deleted tells. */
export function wishOf(status: WorkloadStatus | undefined): Wish {
  if (status === undefined || status.desired === "deleted") return { kind: "none" };
  if (status.failure?.reason === "RECORD_CORRUPT") return { kind: "corrupt" };
  return { kind: "some", desired: status.desired, revisionId: status.revisionId };
}

/** Whether the status may be that of a workload that is wanted so. */
function isShown(wish: Wish, status: WorkloadStatus | undefined): boolean {
  if (status?.desired !== "deleted") return wishText(wishOf(status)) === wishText(wish);
  const queued = queuedRevision.exec(status.message)?.[1];
  if (queued !== undefined) return wish.kind === "some" && wish.revisionId === queued;
  // What waits for the deletion is not told while that fails.
  return wish.kind === "none" || status.actual !== "pending";
}
