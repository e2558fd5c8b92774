import { deriveStatus } from "../domain/derive-status.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import { freshTrial, type WorkloadRecord } from "../domain/workload-record.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import { AgentError } from "../errors/agent-error.ts";
import { assert } from "../errors/assert.ts";
import type { WatchOptions } from "../ports/agent-api.ts";
import type { EngineOptions } from "./engine.ts";
import type { EngineContext } from "./engine-context.ts";
import type { Lane } from "./lane.ts";
import type { RuntimeWatch } from "./runtime-watch.ts";
import type { UsageWatch } from "./usage-watch.ts";
import type { WatchHub } from "./watch-hub.ts";

/**
 * How long a failed commit, with none tried since, counts against the store: whatever still has to be stored is tried again far
 * sooner, and a node that waits for requests must not be shunned for ever for one that failed.
 */
const commitFailureLastsMs = 60_000;

/** What a started engine has. */
export interface StartedEngine {
  readonly context: EngineContext;
  readonly hub: WatchHub;
  readonly lanes: Map<WorkloadId, Lane>;
}

/** All that an engine holds in memory. */
export class EngineState {
  readonly options: EngineOptions;
  readonly lanes: Map<WorkloadId, Lane> = new Map();
  readonly watches: Map<string, RuntimeWatch> = new Map();
  readonly usages: Map<string, UsageWatch> = new Map();
  /** Ids of stored records that cannot be trusted, and why. */
  readonly quarantined: Map<WorkloadId, string> = new Map();
  #started: StartedEngine | undefined;
  #stoppedBy: AgentError | undefined;
  #commitFailure: { readonly error: AgentError; readonly atMs: number } | undefined;

  constructor(options: EngineOptions) {
    this.options = options;
  }

  /** Makes the engine answer. */
  begin(context: EngineContext, hub: WatchHub): void {
    this.#started = { context, hub, lanes: this.lanes };
  }

  /** Makes the engine refuse, for this reason. */
  end(reason: AgentError): void {
    this.#stoppedBy ??= reason;
  }

  /** What a started engine has. @throws {AgentError} STORE_UNAVAILABLE before the start; after the end, its reason. */
  running(): StartedEngine {
    if (this.#stoppedBy !== undefined) throw this.#stoppedBy;
    if (this.#started === undefined)
      throw new AgentError("STORE_UNAVAILABLE", "the agent is starting: try again in a moment", {
        retryable: true,
        effect: "none",
      });
    return this.#started;
  }

  /** Notes whether commits succeed. */
  noteCommit(error: AgentError | undefined): void {
    const atMs = this.options.clock.monotonicMs();
    this.#commitFailure = error && { error, atMs };
  }

  /** `healthy`, or what is wrong with the store. */
  storeHealth(): string {
    const failure = this.#stoppedBy ?? this.#recentCommitFailure();
    if (failure !== undefined) return `unhealthy: ${failure.message}`;
    return this.#started === undefined ? "unhealthy: not opened yet" : "healthy";
  }

  #recentCommitFailure(): AgentError | undefined {
    const last = this.#commitFailure;
    if (last === undefined) return undefined;
    return this.options.clock.monotonicMs() - last.atMs < commitFailureLastsMs
      ? last.error
      : undefined;
  }

  /** Every status that the filter's type and id allow, in order of id. */
  statuses(filter: WatchOptions): readonly WorkloadStatus[] {
    if (filter.id !== undefined) return this.#statusesOf(filter.id as WorkloadId);
    const all: WorkloadStatus[] = [];
    for (const lane of this.lanes.values()) {
      if (filter.type !== undefined && lane.record?.type !== filter.type) continue;
      const status = lane.status();
      if (status !== undefined) all.push(status);
    }
    for (const id of this.quarantined.keys()) {
      const status = this.quarantinedStatus(id);
      if (status !== undefined) all.push(status);
    }
    return all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  #statusesOf(id: WorkloadId): readonly WorkloadStatus[] {
    const status = this.quarantinedStatus(id) ?? this.lanes.get(id)?.status();
    return status === undefined ? [] : [status];
  }

  /** The status of a record that was never stored. */
  statusOf(record: WorkloadRecord | undefined): WorkloadStatus {
    assert(record !== undefined, "a skipped apply has a record");
    return (
      this.lanes.get(record.id)?.status() ??
      deriveStatus(record, { confirmedAtMs: 0 }, this.options.clock.wallMs())
    );
  }

  /** The status of an id whose stored record cannot be trusted. */
  quarantinedStatus(id: WorkloadId): WorkloadStatus | undefined {
    const why = this.quarantined.get(id);
    if (why === undefined) return undefined;
    const failure = {
      reason: "RECORD_CORRUPT",
      message: `its stored record is corrupt: ${why}; delete it and apply it again`,
      retryable: false,
      atMs: 0,
    } as const;
    const record = corruptRecord(id, this.#typeOf(id) ?? "");
    return {
      ...deriveStatus(
        record,
        { unreadable: failure, confirmedAtMs: 0 },
        this.options.clock.wallMs(),
      ),
      uid: "",
    };
  }

  /**
   * Stands for a corrupt record, so that it can be deleted like any other; undefined for an id whose record is not corrupt.
   * @throws {AgentError} RUNTIME_UNAVAILABLE while it cannot be said which runtime holds something of the id.
   */
  standInFor(id: WorkloadId): WorkloadRecord | undefined {
    if (!this.quarantined.has(id)) return undefined;
    const unreadable = [...this.watches.values()].find((it) => it.failure !== undefined);
    const type =
      this.#typeOf(id) ?? (unreadable === undefined ? [...this.watches.keys()][0] : undefined);
    if (type === undefined) {
      const message = `runtime ${unreadable?.runtime.type ?? ""} cannot be read, and what workload ${id} holds there is not known: try again later`;
      throw new AgentError("RUNTIME_UNAVAILABLE", message, { retryable: true, effect: "none" });
    }
    return corruptRecord(id, type);
  }

  /** Drops the lane of an id if it holds nothing any more, such as one made for an apply that was refused. */
  dropIfEmpty(id: WorkloadId): void {
    if (this.lanes.get(id)?.isEmpty === true) this.lanes.delete(id);
  }

  #typeOf(id: WorkloadId): string | undefined {
    return [...this.watches].find(([, watch]) => watch.hasListed(id))?.[0];
  }
}

/** Stands for a workload of which only the id is known. Nothing is ever started from it. */
function corruptRecord(id: WorkloadId, type: string): WorkloadRecord {
  const wanted = {
    revisionId: "unknown",
    digest: "v1:unknown",
    spec: {},
    restart: { kind: "no" },
    stopGraceMs: 10_000,
    prepared: true,
    starts: 0,
    ends: 0,
    settled: false,
    completed: true,
    trial: freshTrial,
  } as const;
  return {
    id,
    type,
    uid: "unknown",
    generation: 1,
    desired: "stopped",
    wanted,
    leftovers: true,
    chore: freshTrial,
    removed: false,
    labels: {},
    observation: { kind: "absent" },
    observedSequence: [0, 0],
    observedAtMs: 0,
    createdAtMs: 0,
    updatedAtMs: 0,
    transitionAtMs: 0,
  };
}
