import { type Failure, failureOf } from "../domain/failure.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type {
  Glance,
  RuntimeEvent,
  RuntimeHealth,
  WorkloadRuntime,
} from "../ports/workload-runtime.ts";
import { callWithDeadline } from "./call-with-deadline.ts";
import { doubled } from "./doubled.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import { followEvents, type StreamEnd } from "./follow-events.ts";
import type { Lane } from "./lane.ts";
import { Slices } from "./slices.ts";
import { sleep } from "./sleep.ts";

/** What a runtime's watch stands on. */
export interface RuntimeWatchContext {
  readonly clock: Clock;
  readonly policy: EnginePolicy;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Aborts when the engine stops. */
  readonly signal: AbortSignal;
  /** The lanes of this runtime's type. */
  readonly lanes: (type: string) => Iterable<Lane>;
  readonly lane: (id: WorkloadId) => Lane | undefined;
  /** Whether a stored record that cannot be trusted has this id: what it names is nobody's orphan. */
  readonly isQuarantined: (id: WorkloadId) => boolean;
}

/** Also the shortest time between two lists, however many hints come. */
const relistDelayMs = { first: 1_000, longest: 30_000 };

/**
 * Keeps the lanes of one runtime in touch with it: subscribes to its events first, then lists, then follows; lists again after every break
 * of the stream, when the stream is suspiciously silent, and at an interval as a safety net. Events and lists only wake lanes.
 */
export class RuntimeWatch {
  readonly runtime: WorkloadRuntime;
  readonly #context: RuntimeWatchContext;
  #failure: Failure | undefined;
  #version = "";
  #hasAnswered = false;
  #hasToldBreak = false;
  #orphans: readonly WorkloadId[] = [];
  #missedEvents = 0;
  #listed: ReadonlyMap<WorkloadId, Glance> = new Map();
  #relistNow: (() => void) | undefined;
  #relistWanted = false;
  #ended: Promise<void> = Promise.resolve();
  readonly #firstList: Promise<void>;
  #onFirstList: () => void = () => {};

  constructor(runtime: WorkloadRuntime, context: RuntimeWatchContext) {
    this.runtime = runtime;
    this.#context = context;
    this.#failure = {
      reason: "RUNTIME_UNAVAILABLE",
      message: `runtime ${runtime.type} has not been looked at yet`,
      retryable: true,
      atMs: context.clock.wallMs(),
    };
    this.#firstList = new Promise((resolve) => (this.#onFirstList = resolve));
  }

  /** Why nothing can be said of what the runtime holds; undefined while its lists succeed. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** How the runtime is, in the words of the contract: `healthy` or `unhealthy: …`. */
  get healthText(): string {
    return this.#failure === undefined ? "healthy" : `unhealthy: ${this.#failure.message}`;
  }

  /** The runtime's version, as it last said; empty before. */
  get version(): string {
    return this.#version;
  }

  /** Whether a list has succeeded since the start. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** What the last list showed that no record knows of. */
  get orphans(): readonly WorkloadId[] {
    return this.#orphans;
  }

  /** Changes that a list showed and no event had hinted at, also where events are not listened to; always 0 for a runtime without events. */
  get missedEvents(): number {
    return this.#missedEvents;
  }

  /** Whether the last successful list showed the id. */
  hasListed(id: WorkloadId): boolean {
    return this.#listed.has(id);
  }

  get #listens(): boolean {
    return this.#context.policy.eventsEnabled && this.runtime.events !== undefined;
  }

  /** Starts watching, until the context's signal aborts. Resolves when the first list has succeeded, failed or taken `firstListMs`. */
  async start(firstListMs: number): Promise<void> {
    const { clock, signal } = this.#context;
    const listening = this.#listens ? this.#listenForEver() : undefined;
    this.#ended = Promise.all([listening, this.#relistForEver()]).then(() => {});
    await Promise.race([this.#firstList, sleep(clock, firstListMs, signal).catch(() => {})]);
    if (this.#failure !== undefined) await this.#fail(this.#failure);
  }

  /** Resolves when the watch has ended, after the signal. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Lists as soon as possible. */
  relist(): void {
    this.#relistWanted = true;
    this.#relistNow?.();
  }

  async #relistForEver(): Promise<void> {
    const { clock, signal, policy } = this.#context;
    for (let failures = 0; !signal.aborted; ) {
      const beganMs = clock.monotonicMs();
      this.#relistWanted = false;
      failures = (await this.#list()) ? 0 : failures + 1;
      this.#onFirstList();
      const retryMs = doubled(relistDelayMs, failures);
      const delayMs = failures > 0 ? retryMs : policy.resyncIntervalMs;
      if (!this.#relistWanted)
        await this.#pause(failures === 0 && policy.resyncIntervalMs === 0 ? undefined : delayMs);
      const spareMs = relistDelayMs.first - (clock.monotonicMs() - beganMs);
      if (spareMs > 0) await sleep(clock, spareMs, signal).catch(() => {});
    }
  }

  /** Until the delay is over, a relist is wanted, or the engine stops. */
  #pause(delayMs: number | undefined): Promise<void> {
    const { clock, signal } = this.#context;
    return new Promise((resolve) => {
      const stop = delayMs === undefined ? (): void => {} : clock.schedule(delayMs, () => done());
      const done = (): void => {
        stop();
        signal.removeEventListener("abort", done);
        this.#relistNow = undefined;
        resolve();
      };
      this.#relistNow = done;
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted || this.#relistWanted) done();
    });
  }

  /** One list, given to every lane of the type. Resolves with whether it succeeded; never rejects. */
  async #list(): Promise<boolean> {
    const { clock, signal, policy, logger, telemetry } = this.#context;
    const beganMs = clock.monotonicMs();
    try {
      const what = `listing runtime ${this.runtime.type}`;
      const bounds = {
        clock,
        what,
        timeoutMs: policy.listTimeoutMs,
        abortGraceMs: policy.abortGraceMs,
        signal,
        onStuck: () => void this.#fail(this.#stuckFailure(what)),
      };
      await callWithDeadline(bounds, async (callSignal) => {
        const health = await this.runtime.probe(callSignal);
        this.#takeHealth(health);
        const glances = await this.runtime.list(callSignal);
        this.#succeed(health);
        this.#listed = glances;
      });
      await this.#deliver(beganMs);
      const seconds = (clock.monotonicMs() - beganMs) / 1_000;
      telemetry.measure("resync_duration_seconds", seconds, { runtime_type: this.runtime.type });
      telemetry.count("garbage_collection_runs_total");
      telemetry.measure("garbage_collection_duration_seconds", seconds);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const failure = failureOf(AgentError.from(error), clock.wallMs());
      telemetry.count("errors_total", { error_code: failure.reason });
      if (this.#failure?.message !== failure.message)
        logger.warn("runtime cannot be read", { runtime: this.runtime.type, error });
      await this.#fail(failure);
      return false;
    }
  }

  /** A list that does not return is not called a second time; meanwhile nothing can be said. */
  #stuckFailure(what: string): Failure {
    const message = `${what} was called off, and has not returned`;
    this.#context.logger.error("a runtime call does not return", { what });
    return { reason: "TIMEOUT", message, retryable: true, atMs: this.#context.clock.wallMs() };
  }

  #takeHealth(health: RuntimeHealth): void {
    if (!health.healthy) {
      const { reason, message } = health.failure;
      throw new AgentError(reason === "RUNTIME_UNAVAILABLE" ? reason : "RUNTIME_ERROR", message, {
        retryable: true,
        effect: "none",
      });
    }
  }

  #succeed(health: RuntimeHealth): void {
    const { logger, telemetry } = this.#context;
    if (health.healthy) this.#version = health.version;
    if (this.#failure !== undefined)
      logger.info("runtime answers", { runtime: this.runtime.type, version: this.#version });
    this.#failure = undefined;
    this.#hasAnswered = true;
    telemetry.gauge("runtime_health_status", 1, { runtime_type: this.runtime.type });
  }

  async #fail(failure: Failure): Promise<void> {
    const { signal, telemetry, clock } = this.#context;
    this.#failure = failure;
    telemetry.gauge("runtime_health_status", 0, { runtime_type: this.runtime.type });
    const slices = new Slices(clock);
    for (const lane of this.#context.lanes(this.runtime.type)) {
      if (signal.aborted || this.#failure !== failure) return;
      lane.markUnreadable(failure);
      await slices.pause();
    }
  }

  async #deliver(beganMs: number): Promise<void> {
    const { clock, signal } = this.#context;
    const slices = new Slices(clock);
    const glances = this.#listed;
    for (const lane of this.#context.lanes(this.runtime.type)) {
      if (signal.aborted) return;
      if (lane.takeGlance(glances.get(lane.id), beganMs)) this.#noteMissed(lane.id);
      await slices.pause();
    }
    const orphans: WorkloadId[] = [];
    for (const id of glances.keys()) {
      if (
        this.#context.lane(id)?.record?.type !== this.runtime.type &&
        !this.#context.isQuarantined(id)
      )
        orphans.push(id);
      await slices.pause();
    }
    this.#orphans = orphans;
  }

  #noteMissed(id: WorkloadId): void {
    const { telemetry, logger } = this.#context;
    if (this.runtime.events === undefined) return;
    this.#missedEvents += 1;
    telemetry.count("missed_events_total", { runtime_type: this.runtime.type });
    const what = { id, runtime: this.runtime.type };
    if (this.#listens) logger.warn("a change was seen by listing that no event had told", what);
    else logger.debug("a change was seen by listing; events are not listened to", what);
  }

  async #listenForEver(): Promise<void> {
    const { clock, signal, policy } = this.#context;
    const onEvent = (event: RuntimeEvent): void => this.#onEvent(event.id);
    const following = { clock, signal, idleMs: policy.eventIdleMs, onEvent };
    for (let breaks = 0; !signal.aborted; ) {
      const end = await followEvents(this.runtime, following);
      if (signal.aborted) return;
      breaks = end.heard || end.isSilent ? 0 : breaks + 1;
      this.#tellBreak(end);
      await sleep(clock, doubled(relistDelayMs, breaks), signal).catch(() => {});
      this.relist();
    }
  }

  /** Warns once for each trouble. A runtime that is away is told of by its lists, and one that had nothing to say has none. */
  #tellBreak({ error, heard, isSilent }: StreamEnd): void {
    const { logger } = this.#context;
    if (heard) this.#hasToldBreak = false;
    const isNews = !this.#hasToldBreak && !isSilent && this.#failure === undefined;
    const what = { runtime: this.runtime.type, ...(error === undefined ? {} : { error }) };
    const message = "the event stream ended; subscribing again";
    if (isNews) logger.warn(message, what);
    else logger.debug(message, what);
    if (isNews) this.#hasToldBreak = true;
  }

  #onEvent(id: WorkloadId | undefined): void {
    if (id === undefined) return this.relist();
    const lane = this.#context.lane(id);
    if (lane?.record?.type === this.runtime.type) lane.markDirty("event");
  }
}
