import { clampedTrial } from "../domain/back-off.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import { assert } from "../errors/assert.ts";
import { silentLogger } from "../ports/logger.ts";
import type { StoredState } from "../ports/state-store.ts";
import { noTelemetry } from "../ports/telemetry.ts";
import { ActionLog } from "./action-log.ts";
import { AgentService } from "./agent-service.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import type { EngineContext } from "./engine-context.ts";
import { defaultEnginePolicy, type EnginePolicy } from "./engine-policy.ts";
import { EngineState } from "./engine-state.ts";
import { Lane } from "./lane.ts";
import { RuntimeGate } from "./runtime-gate.ts";
import { RuntimeWatch } from "./runtime-watch.ts";
import { Slices } from "./slices.ts";
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
  #fail: (error: AgentError) => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(options: EngineOptions, policy: EnginePolicy) {
    this.#options = options;
    this.#policy = policy;
    this.#state = new EngineState(options);
    this.#gates = new Map(
      options.runtimes.map((it) => [it.type, new RuntimeGate(it, options.clock, policy)]),
    );
    this.failed = new Promise((resolve) => (this.#fail = resolve));
    this.api = new AgentService(this.#state);
  }

  async start(signal: AbortSignal): Promise<void> {
    const stored = await this.#options.store.open(signal);
    const context = this.#contextFor(stored);
    const hub = this.#hub(stored.epoch);
    await this.#recover(stored, context);
    this.#state.begin(context, hub);
    await this.#watchRuntimes(context);
    this.#wakeUnregistered();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const reason = new AgentError("STORE_UNAVAILABLE", "the agent is stopping", {
      retryable: true,
      effect: "none",
    });
    const hub = this.#tryRunning()?.hub;
    this.#state.end(reason);
    hub?.close(reason);
    await Promise.all([...this.#state.lanes.values()].map((lane) => lane.close(stopGraceMs)));
    this.#controller.abort(reason);
    await Promise.all([...this.#state.watches.values()].map((watch) => watch.ended));
    await this.#options.store.close();
  }

  #tryRunning(): ReturnType<EngineState["running"]> | undefined {
    try {
      return this.#state.running();
    } catch {
      return undefined;
    }
  }

  #contextFor(stored: StoredState): EngineContext {
    const { store, clock, random } = this.#options;
    const logger = this.#options.logger ?? silentLogger;
    const telemetry = this.#options.telemetry ?? noTelemetry;
    const actionLog = new ActionLog(this.#policy, stored.actions);
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
      writer: {
        store,
        actionLog,
        clock,
        onCommit,
        onCommitFailed: (error) => this.#onCommitFailed(error),
      },
      signal: this.#controller.signal,
      gate: (type) => this.#gates.get(type),
      runtimeFailure: (type) => this.#state.watches.get(type)?.failure,
      onRuntimeSuspect: (type) => this.#state.watches.get(type)?.relist(),
      onCommitted: (id, record, before) => this.#onCommitted(id, record, before),
      onStatusChanged: (id) => this.#tryRunning()?.hub.publish(id),
    };
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

  async #recover(stored: StoredState, context: EngineContext): Promise<void> {
    const slices = new Slices(context.clock);
    const nowMs = context.clock.wallMs();
    for (const { id, why } of stored.quarantined) {
      this.#state.quarantined.set(id, why);
      context.logger.error("a stored record is corrupt and was set aside", { id, why });
    }
    for (const record of stored.records) {
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
    const telemetry = this.#options.telemetry ?? noTelemetry;
    if (before === undefined && record !== undefined) telemetry.count("workload_created_total");
    if (before !== undefined && (record === undefined || record.uid !== before.uid))
      telemetry.count("workload_deleted_total");
    if (record === undefined) this.#state.lanes.delete(id);
    const hub = this.#tryRunning()?.hub;
    if (before !== undefined && record?.uid !== before.uid) hub?.publish(id, before.uid);
    if (record !== undefined) hub?.publish(id);
  }

  #onCommitFailed(error: AgentError): void {
    this.#state.noteCommit(error);
    this.#options.logger?.error("a commit failed", { code: error.code, error });
    if (error.code !== "OWNERSHIP_LOST") return;
    this.#state.end(error);
    this.#fail(error);
    void this.stop();
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
