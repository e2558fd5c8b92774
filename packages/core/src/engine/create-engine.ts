import { clampedTrial } from "../domain/back-off.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import { assert } from "../errors/assert.ts";
import { silentLogger } from "../ports/logger.ts";
import type { StoredState } from "../ports/state-store.ts";
import { noTelemetry } from "../ports/telemetry.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";
import { ActionLog } from "./action-log.ts";
import { AgentService } from "./agent-service.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import type { EngineContext } from "./engine-context.ts";
import { defaultEnginePolicy, type EnginePolicy } from "./engine-policy.ts";
import { EngineState } from "./engine-state.ts";
import { HeldBack } from "./held-back.ts";
import { HostJudge } from "./host-judge.ts";
import { Lane } from "./lane.ts";
import { measureAction } from "./measure-action.ts";
import { RuntimeGate } from "./runtime-gate.ts";
import { renewSecrets } from "./renew-secrets.ts";
import { RuntimeWatch } from "./runtime-watch.ts";
import { Slices } from "./slices.ts";
import { SpecSecrets } from "./spec-secrets.ts";
import { UsageWatch } from "./usage-watch.ts";
import { WatchHub } from "./watch-hub.ts";

/** How long a start waits for a runtime to be listed before it calls the runtime unreadable and goes on. */
const firstListMs = 5_000;
/** How long a stop waits for steps under way before it calls them off. */
const stopGraceMs = 2_000;

/** Makes an engine from its ports. It does nothing before `start`. */
export function createEngine(options: EngineOptions): Engine {
  const types = options.runtimes.map((it) => it.type);
  assert(
    new Set(types).size === types.length,
    `at most one runtime for each type: ${types.join(", ")}`,
  );
  return new NodeEngine(options, { ...defaultEnginePolicy, ...options.policy });
}

class NodeEngine implements Engine {
  readonly api: AgentService;
  readonly failed: Promise<AgentError>;
  readonly #options: EngineOptions;
  readonly #policy: EnginePolicy;
  readonly #state: EngineState;
  readonly #gates: ReadonlyMap<string, RuntimeGate>;
  readonly #controller: AbortController = new AbortController();
  #heldBack: HeldBack | undefined;
  #fail: (error: AgentError) => void = () => {};
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: EngineOptions, policy: EnginePolicy) {
    this.#options = options;
    this.#policy = policy;
    this.#state = new EngineState(options);
    this.#gates = new Map(
      options.runtimes.map((it) => [it.type, new RuntimeGate(it, options, policy)]),
    );
    this.failed = new Promise((resolve) => (this.#fail = resolve));
    this.api = new AgentService(this.#state);
  }

  start(signal: AbortSignal): Promise<void> {
    assert(this.#starting === undefined, "an engine is started once");
    this.#starting = this.#start(AbortSignal.any([signal, this.#controller.signal]));
    return this.#starting;
  }

  stop(): Promise<void> {
    const reason = new AgentError("STORE_UNAVAILABLE", "the agent is stopping", {
      retryable: true,
      effect: "none",
    });
    this.#stopping ??= this.#stop(reason, stopGraceMs);
    return this.#stopping;
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stored = await this.#options.store.open(signal);
    void stored.ownershipLost?.then((error) => this.#onOwnershipLost(error));
    const context = this.#contextFor(stored);
    const hub = this.#hub(stored.epoch);
    await this.#recover(stored, context, signal);
    this.#controller.signal.throwIfAborted();
    this.#state.begin(context, hub);
    await this.#watchRuntimes(context);
    this.#wakeUnregistered();
    this.#takeUpHeldBack(context);
  }

  async #stop(reason: AgentError, graceMs: number): Promise<void> {
    const { clock, store } = this.#options;
    const hub = this.#tryRunning()?.hub;
    this.#state.end(reason);
    hub?.close(reason);
    const abort = (): void => this.#controller.abort(reason);
    // What is not over by then is called off, a look that hangs included.
    const stopGrace = clock.schedule(graceMs, abort);
    const lanes = [...this.#state.lanes.values()];
    const { abortGraceMs, commitTimeoutMs } = this.#policy;
    if (hub === undefined) abort();
    await this.#atMost(
      graceMs + abortGraceMs,
      Promise.all(lanes.map((lane) => lane.close(graceMs))),
    );
    stopGrace();
    abort();
    const { usages, watches: runtimeWatches } = this.#state;
    const watches = [...runtimeWatches.values(), ...usages.values()].map((watch) => watch.ended);
    const starting = this.#starting?.catch(() => {});
    await this.#atMost(abortGraceMs, Promise.all([...watches, starting, this.#heldBack?.ended]));
    if (await this.#atMost(commitTimeoutMs, store.close())) return;
    throw new AgentError("STORE_UNAVAILABLE", `the store did not close in ${commitTimeoutMs} ms`);
  }

  /** Waits for work, but not for ever. Resolves with whether it is done. */
  async #atMost(limitMs: number, work: Promise<unknown>): Promise<boolean> {
    const { clock, logger } = this.#options;
    let stop = (): void => {};
    const limit = new Promise<boolean>((resolve) => {
      stop = clock.schedule(limitMs, () => resolve(false));
    });
    try {
      const isDone = await Promise.race([work.then(() => true), limit]);
      if (!isDone) logger?.error("the engine stops though a call has not returned");
      return isDone;
    } finally {
      stop();
    }
  }

  #tryRunning(): ReturnType<EngineState["running"]> | undefined {
    try {
      return this.#state.running();
    } catch {
      return undefined;
    }
  }

  #contextFor(stored: StoredState): EngineContext {
    const { store, clock, random, hostPolicy: policy } = this.#options;
    const logger = this.#options.logger ?? silentLogger;
    const telemetry = this.#options.telemetry ?? noTelemetry;
    const hostJudge =
      policy === undefined ? undefined : new HostJudge({ policy, clock, logger, telemetry });
    const secrets = new SpecSecrets(this.#options.secretSealer, (type) => this.#runtimeOf(type));
    const actionLog = new ActionLog(this.#policy, stored.actions, (action) =>
      measureAction(telemetry, action),
    );
    const onCommit = (durationMs: number): void => {
      this.#state.noteCommit(undefined);
      telemetry.measure("commit_duration_seconds", durationMs / 1_000);
    };
    return {
      epoch: stored.epoch,
      policy: this.#policy,
      clock,
      random,
      logger,
      telemetry,
      actionLog,
      hostJudge,
      secrets,
      writer: {
        store,
        actionLog,
        clock,
        telemetry,
        commitTimeoutMs: this.#policy.commitTimeoutMs,
        onCommit,
        onCommitFailed: (error) => this.#onCommitFailed(error),
      },
      signal: this.#controller.signal,
      gate: (type) => this.#gates.get(type),
      runtimeFailure: (type) => this.#state.watches.get(type)?.failure,
      usageOf: ({ id, type }) => this.#state.usages.get(type)?.usageOf(id),
      onRuntimeSuspect: (type) => this.#state.watches.get(type)?.relist(),
      onCommitted: (id, record, before) => this.#onCommitted(id, record, before),
      onLaneEmpty: (id) => this.#state.dropIfEmpty(id),
      onStatusChanged: (id) => this.#tryRunning()?.hub.publish(id),
    };
  }

  #runtimeOf(type: string): WorkloadRuntime | undefined {
    return this.#gates.get(type)?.runtime;
  }

  #hub(epoch: number): WatchHub {
    const { clock } = this.#options;
    const { watchBufferMax, watchersMax } = this.#policy;
    const source = {
      statuses: (filter: Parameters<EngineState["statuses"]>[0]) => this.#state.statuses(filter),
      status: (id: WorkloadId) => this.#state.lanes.get(id)?.status(),
    };
    return new WatchHub({ epoch, bufferMax: watchBufferMax, watchersMax, clock, source });
  }

  async #recover(stored: StoredState, context: EngineContext, signal: AbortSignal): Promise<void> {
    const slices = new Slices(context.clock);
    const nowMs = context.clock.wallMs();
    for (const { id, why } of stored.quarantined) {
      this.#state.quarantined.set(id, why);
      context.logger.error("a stored record is corrupt and was set aside", { id, why });
    }
    const renewed = await renewSecrets(stored.records, {
      ...context,
      store: this.#options.store,
      signal,
    });
    for (const record of renewed) {
      this.#state.lanes.set(
        record.id,
        new Lane(record.id, context, withClampedTrials(record, nowMs)),
      );
      await slices.pause();
    }
    context.logger.info("state recovered", {
      workloads: stored.records.length,
      quarantined: stored.quarantined.length,
      epoch: stored.epoch,
    });
  }

  async #watchRuntimes(context: EngineContext): Promise<void> {
    const { clock, policy, logger, telemetry, signal } = context;
    const state = this.#state;
    for (const runtime of this.#options.runtimes) {
      const watch = new RuntimeWatch(runtime, {
        clock,
        policy,
        logger,
        telemetry,
        signal,
        lanes: (type) => lanesOf(state, type),
        lane: (id) => state.lanes.get(id),
        isQuarantined: (id) => state.quarantined.has(id),
      });
      state.watches.set(runtime.type, watch);
    }
    await Promise.all([...state.watches.values()].map((watch) => watch.start(firstListMs)));
    this.#measureRuntimes(context);
  }

  #takeUpHeldBack(context: EngineContext): void {
    const { hostPolicy: policy } = this.#options;
    if (policy === undefined) return;
    this.#heldBack = new HeldBack({
      context,
      policy,
      lanes: () => this.#state.lanes.values(),
      retry: (id, identity) => this.api.retry(id, { identity }),
    });
    this.#heldBack.start();
  }

  #measureRuntimes({ clock, policy, logger, signal }: EngineContext): void {
    const state = this.#state;
    const lanes = (type: string): Iterable<Lane> => lanesOf(state, type);
    for (const runtime of this.#options.runtimes) {
      const usage = new UsageWatch(runtime, { clock, policy, logger, signal, lanes });
      state.usages.set(runtime.type, usage);
      usage.start();
    }
  }

  /** Records whose runtime is not registered are shown as unreadable, not forgotten. */
  #wakeUnregistered(): void {
    for (const lane of this.#state.lanes.values()) {
      if (lane.record !== undefined && !this.#gates.has(lane.record.type)) lane.wake();
    }
  }

  #onCommitted(
    id: WorkloadId,
    record: WorkloadRecord | undefined,
    before: WorkloadRecord | undefined,
  ): void {
    // What is stored now replaces what was corrupt.
    this.#state.quarantined.delete(id);
    const telemetry = this.#options.telemetry ?? noTelemetry;
    if (before === undefined && record !== undefined) telemetry.count("workload_created_total");
    if (before !== undefined && (record === undefined || record.uid !== before.uid))
      telemetry.count("workload_deleted_total");
    const hub = this.#tryRunning()?.hub;
    if (before !== undefined && record?.uid !== before.uid) hub?.publish(id, before.uid);
    if (record !== undefined) hub?.publish(id);
  }

  #onCommitFailed(error: AgentError): void {
    this.#state.noteCommit(error);
    this.#options.telemetry?.count("errors_total", { error_code: error.code });
    this.#options.logger?.error("a commit failed", { code: error.code, error });
    if (error.code === "OWNERSHIP_LOST") void this.#giveUp(error);
  }

  /** A paused or cut-off owner need not have anything to commit when it wakes. */
  #onOwnershipLost(error: AgentError): void {
    if (this.#stopping !== undefined) return;
    this.#state.noteCommit(error);
    this.#options.logger?.error("the state was lost to another owner", { code: error.code, error });
    void this.#giveUp(error);
  }

  /** Stops at once: whatever is done from now on is another owner's to do. */
  async #giveUp(error: AgentError): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#stopping = this.#stop(error, 0);
    this.#fail(error);
    try {
      await this.#stopping;
    } catch (problem) {
      this.#options.logger?.error("the engine did not stop cleanly", { error: problem });
    }
  }
}

function* lanesOf(state: EngineState, type: string): Iterable<Lane> {
  for (const lane of state.lanes.values()) {
    if (lane.record?.type === type) yield lane;
  }
}

function withClampedTrials(record: WorkloadRecord, nowMs: number): WorkloadRecord {
  const clamped = (revision: Revision): Revision => ({
    ...revision,
    trial: clampedTrial(revision.trial, nowMs),
  });
  return {
    ...record,
    wanted: clamped(record.wanted),
    ...(record.fallback === undefined ? {} : { fallback: clamped(record.fallback) }),
    chore: clampedTrial(record.chore, nowMs),
  };
}
