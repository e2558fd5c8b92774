import { currentInstance, isLive } from "../domain/observation.ts";
import type { UsageSnapshot } from "../domain/usage-snapshot.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";
import { callWithDeadline } from "./call-with-deadline.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import type { Lane } from "./lane.ts";
import { sleep } from "./sleep.ts";

/** What the measuring of a runtime's workloads stands on. */
export interface UsageWatchContext {
  readonly clock: Clock;
  readonly policy: EnginePolicy;
  readonly logger: Logger;
  /** Aborts when the engine stops. */
  readonly signal: AbortSignal;
  /** The lanes of a runtime's type. */
  readonly lanes: (type: string) => Iterable<Lane>;
}

/** The first measurement comes this soon after the start, so that nobody waits a whole interval for it. */
const firstAfterMs = 5_000;

/**
 * Measures what the workloads of one runtime use, at an interval, and remembers the last measurement of each. Reads are answered from that:
 * they call no runtime.
 */
export class UsageWatch {
  readonly #runtime: WorkloadRuntime;
  readonly #context: UsageWatchContext;
  #last: ReadonlyMap<WorkloadId, UsageSnapshot> = new Map();
  #hasFailed = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(runtime: WorkloadRuntime, context: UsageWatchContext) {
    this.#runtime = runtime;
    this.#context = context;
  }

  /** The last measurement of a workload, of whichever run; undefined when the last round had none. */
  usageOf(id: WorkloadId): UsageSnapshot | undefined {
    return this.#last.get(id);
  }

  /** Starts measuring, until the context's signal aborts. Does nothing for a runtime that cannot measure. */
  start(): void {
    const { policy } = this.#context;
    if (this.#runtime.usage === undefined || policy.usageIntervalMs === 0) return;
    this.#ended = this.#measureForEver();
  }

  /** Resolves when measuring has ended, after the signal. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  async #measureForEver(): Promise<void> {
    const { clock, policy, signal } = this.#context;
    let delayMs = Math.min(firstAfterMs, policy.usageIntervalMs);
    for (;;) {
      await sleep(clock, delayMs, signal).catch(() => {});
      if (signal.aborted) return;
      await this.#measure();
      delayMs = policy.usageIntervalMs;
    }
  }

  async #measure(): Promise<void> {
    const { clock, logger, policy, signal } = this.#context;
    const { type } = this.#runtime;
    const ids = this.#running();
    try {
      const what = `measuring runtime ${type}`;
      const { listTimeoutMs: timeoutMs, abortGraceMs } = policy;
      const onStuck = (): void => logger.error("a runtime call does not return", { what });
      this.#last =
        ids.length === 0
          ? new Map()
          : await callWithDeadline(
              { clock, what, timeoutMs, abortGraceMs, signal, onStuck },
              async (callSignal) => (await this.#runtime.usage?.(ids, callSignal)) ?? new Map(),
            );
      this.#hasFailed = false;
    } catch (error) {
      // What was measured before stays, with its time: it is old, not wrong.
      if (!signal.aborted && !this.#hasFailed)
        logger.warn("workloads cannot be measured", { runtime: type, error });
      this.#hasFailed = true;
    }
  }

  #running(): readonly WorkloadId[] {
    const ids: WorkloadId[] = [];
    for (const { id, record } of this.#context.lanes(this.#runtime.type)) {
      const current = record && currentInstance(record.observation);
      if (current !== undefined && isLive(current)) ids.push(id);
    }
    return ids;
  }
}
