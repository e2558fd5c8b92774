import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { HostPolicySource } from "../ports/host-policy.ts";
import type { Lane } from "./lane.ts";
import { callWithDeadline } from "./call-with-deadline.ts";
import type { EngineContext } from "./engine-context.ts";
import { targetName } from "./perform-step.ts";
import { Slices } from "./slices.ts";

/** What is needed to take workloads up again. */
export interface HeldBackOptions {
  readonly context: Pick<
    EngineContext,
    "clock" | "gate" | "logger" | "policy" | "secrets" | "signal"
  >;
  readonly policy: HostPolicySource;
  readonly lanes: () => Iterable<Lane>;
  /** Ends the giving-up of a workload, as the retry of this caller. */
  readonly retry: (id: string, identity: string) => Promise<unknown>;
}

/** Who asks for the retries, in the history. Callers have no names like it. */
const askedBy = "agent:host-policy";

/** What a spec asks of the host is mostly found out within this time, in milliseconds. */
const demandsTimeoutMs = 5_000;
/** Where it was not, within this one, once all others were looked at: some specs have to be fetched first, for up to a minute. */
const lateDemandsTimeoutMs = 90_000;
/** Where it could not be found out, or the retry not be stored, it is tried again after so long. */
const againAfterMs = 60_000;

/**
 * Takes up again what the node's policy held back, once it gives what is asked for: looks at the start, and whenever the policy has become another.
 * A workload that would be denied all the same is left as it is, without a write.
 */
export class HeldBack {
  readonly #options: HeldBackOptions;
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;
  #hasChanged = false;
  #stopListening = (): void => {};
  #cancelAgain = (): void => {};

  constructor(options: HeldBackOptions) {
    this.#options = options;
  }

  /** Begins to look. Until the engine's signal aborts. */
  start(): void {
    const { policy, context } = this.#options;
    const { signal } = context;
    if (signal.aborted) return;
    this.#stopListening = policy.onChange?.(() => this.#look()) ?? (() => {});
    const end = (): void => {
      this.#stopListening();
      this.#cancelAgain();
    };
    signal.addEventListener("abort", end, { once: true });
    this.#look();
  }

  /** Resolves once no look is under way. */
  get ended(): Promise<void> {
    return this.#looking;
  }

  #look(): void {
    this.#cancelAgain();
    this.#hasChanged = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#looking = this.#lookWhileChanged();
  }

  async #lookWhileChanged(): Promise<void> {
    const { clock, signal } = this.#options.context;
    let isComplete = true;
    try {
      while (this.#hasChanged && !signal.aborted) {
        this.#hasChanged = false;
        isComplete = await this.#lookAtAll();
      }
    } finally {
      // At once: whoever changes the policy in the turns before the promise is settled has to find that nobody looks any more.
      this.#isLooking = false;
    }
    if (!isComplete && !signal.aborted) {
      this.#cancelAgain = clock.schedule(againAfterMs, () => this.#look());
    }
  }

  /** @returns false where something is not known yet. */
  async #lookAtAll(): Promise<boolean> {
    const { context, lanes } = this.#options;
    const slices = new Slices(context.clock);
    const late: Lane[] = [];
    let isComplete = true;
    for (const lane of lanes()) {
      if (context.signal.aborted) return true;
      const found = await this.#lookAt(lane, demandsTimeoutMs);
      if (found === "late") late.push(lane);
      if (found === "unknown") isComplete = false;
      await slices.pause();
    }
    for (const lane of late) {
      // Another policy is another question.
      if (context.signal.aborted || this.#hasChanged) return isComplete;
      if ((await this.#lookAt(lane, lateDemandsTimeoutMs)) !== "known") isComplete = false;
    }
    return isComplete;
  }

  /** Looks at a workload, and takes it up again where it is given what it asks for. `late`: that was not found out in time. */
  async #lookAt({ record }: Lane, timeoutMs: number): Promise<"known" | "late" | "unknown"> {
    const { context, retry } = this.#options;
    const held = record === undefined ? [] : heldBack(record);
    if (record === undefined || held.length === 0) return "known";
    try {
      if (await this.#isGiven(record, held, timeoutMs)) await retry(record.id, askedBy);
      return "known";
    } catch (error) {
      if (context.signal.aborted) return "known";
      // Not the error itself: what a runtime says of a spec may quote its secrets.
      const { code } = AgentError.from(error);
      context.logger.warn("whether the node's policy still holds a workload back is not known", {
        id: record.id,
        code,
      });
      return code === "TIMEOUT" ? "late" : "unknown";
    }
  }

  async #isGiven(
    record: WorkloadRecord,
    held: readonly Revision[],
    timeoutMs: number,
  ): Promise<boolean> {
    const { id, type } = record;
    const { context, policy } = this.#options;
    const { clock, secrets, signal } = context;
    const runtime = context.gate(type)?.runtime;
    if (runtime === undefined) return false;
    const bounds = {
      clock,
      signal,
      what: `what ${id} asks of the host`,
      timeoutMs,
      abortGraceMs: context.policy.abortGraceMs,
    };
    for (const revision of held) {
      const spec = secrets.open(revision, record);
      try {
        const demands = await callWithDeadline(bounds, (callSignal) =>
          runtime.demands(spec, callSignal, targetName(record, revision)),
        );
        if (policy.current().judge(demands, type).length === 0) return true;
      } catch (error) {
        // Runtimes ask the policy themselves before they look any further.
        if (!AgentError.hasCode(error, "POLICY_DENIED")) throw error;
      }
    }
    return false;
  }
}

/**
 * The revisions of a workload that were given up because the policy denied them, and that a retry tries again; a stop or a deletion has given up
 * none.
 */
function heldBack({ wanted, fallback }: WorkloadRecord): readonly Revision[] {
  const isTriedAgain = fallback !== undefined && fallback.restart.kind !== "no";
  const all = isTriedAgain ? [wanted, fallback] : [wanted];
  return all.filter(({ givenUp }) => givenUp?.reason === "POLICY_DENIED");
}
