import {
  type Action,
  type ActionFilter,
  AgentError,
  type AgentApi,
  type AgentHealth,
  type ApplyRequest,
  type ApplyResult,
  type Caller,
  type DeleteResult,
  type Explanation,
  isWorkloadId,
  type LogChunk,
  type LogOptions,
  type RetryResult,
  type WatchEvent,
  type WatchOptions,
  type WorkloadFilter,
  type WorkloadStatus,
  type WorkloadView,
} from "@persys/core";

/** A status with a value in every member, and `changes`. */
export function statusOf(id: string, changes: Partial<WorkloadStatus> = {}): WorkloadStatus {
  if (!isWorkloadId(id)) throw new Error(`not an id: ${id}`);
  return {
    id,
    type: "process",
    uid: `uid-${id}`,
    revisionId: "r1",
    observedRevisionId: "r0",
    desired: "running",
    actual: "pending",
    message: "starting",
    generation: 3,
    observedSequence: [2, 7],
    health: "none",
    restarts: 4,
    labels: { app: "web" },
    metadata: { "process.pid": "42" },
    createdAtMs: 1_700_000_000_900,
    updatedAtMs: 1_700_000_001_900,
    transitionAtMs: 1_700_000_002_900,
    observedAtMs: 1_700_000_003_900,
    ...changes,
  };
}

/** An entry of the history with a value in every member. */
export function actionOf(seq: number, changes: Partial<Action> = {}): Action {
  return {
    seq,
    taskId: `apply-web-${seq}`,
    workloadId: statusOf("web").id,
    type: "apply_workload",
    status: "completed",
    generation: seq,
    revisionId: "r1",
    error: "",
    caller: "alice",
    createdAtMs: 1_700_000_000_000,
    startedAtMs: 0,
    endedAtMs: 1_700_000_009_999,
    ...changes,
  };
}

/** An agent whose answers the test decides. It keeps what it was asked. */
export class FakeAgent implements AgentApi {
  readonly statuses = new Map<string, WorkloadStatus>();
  readonly applied: ApplyRequest[] = [];
  readonly callers: Caller[] = [];
  readonly filters: unknown[] = [];
  actionLog: readonly Action[] = [];
  /** Whatever a method is asked, it throws this. */
  failure: unknown;
  /** An apply answers only after this. */
  applyGate: Promise<void> = Promise.resolve();
  /** Watches and logs that are open. */
  openStreams = 0;
  logChunks: readonly LogChunk[] = [];
  spec: WorkloadView["spec"] = { command: ["sleep", "1"], env: { TOKEN: "<redacted>" } };
  readonly #listeners = new Set<(event: WatchEvent) => void>();

  put(status: WorkloadStatus): void {
    this.statuses.set(status.id, status);
    this.#tell({ kind: "changed", status, resumeToken: "t-changed" });
  }

  drop(id: string): void {
    const status = this.status(id);
    this.statuses.delete(id);
    this.#tell({ kind: "deleted", id: status.id, uid: status.uid, resumeToken: "t-deleted" });
  }

  #tell(event: WatchEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #enter(caller?: Caller): void {
    if (caller !== undefined) this.callers.push(caller);
    if (this.failure !== undefined) throw this.failure as Error;
  }

  async apply(request: ApplyRequest, caller: Caller): Promise<ApplyResult> {
    this.#enter(caller);
    this.applied.push(request);
    await this.applyGate;
    if (!isWorkloadId(request.id)) {
      const violations = [{ path: ["id"], rule: "must be an id", seen: request.id }];
      throw new AgentError("INVALID_REQUEST", "invalid request", { violations });
    }
    const status = this.statuses.get(request.id) ?? statusOf(request.id);
    this.put(status);
    return { applied: true, skipped: false, message: "accepted", status };
  }

  async remove(id: string, caller: Caller): Promise<DeleteResult> {
    this.#enter(caller);
    const status = this.statuses.get(id);
    if (status === undefined) return { existed: false, message: `workload not found: ${id}` };
    return { existed: true, message: "deletion accepted", status };
  }

  async retry(id: string, caller: Caller): Promise<RetryResult> {
    this.#enter(caller);
    return { accepted: true, message: "tried again now", status: this.status(id) };
  }

  status(id: string): WorkloadStatus {
    this.#enter();
    const status = this.statuses.get(id);
    if (status === undefined) throw new AgentError("NOT_FOUND", `workload not found: ${id}`);
    return status;
  }

  get(id: string): WorkloadView {
    return { status: this.status(id), spec: this.spec, fallbackRevisionId: "r0" };
  }

  list(filter: WorkloadFilter): readonly WorkloadStatus[] {
    this.#enter();
    this.filters.push(filter);
    return [...this.statuses.values()];
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    this.#enter();
    this.filters.push(options);
    const pending: WatchEvent[] = [];
    let wake = (): void => {};
    const listener = (event: WatchEvent): void => {
      pending.push(event);
      wake();
    };
    const onAbort = (): void => wake();
    this.openStreams += 1;
    this.#listeners.add(listener);
    signal.addEventListener("abort", onAbort);
    try {
      for (const status of this.statuses.values()) {
        yield { kind: "snapshot", status, resumeToken: "t0" };
      }
      yield { kind: "synced", fresh: true, resumeToken: "t1" };
      while (!signal.aborted) {
        const event = pending.shift();
        if (event !== undefined) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (signal.aborted) resolve();
          });
      }
    } finally {
      this.openStreams -= 1;
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", onAbort);
    }
  }

  async *logs(id: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogChunk> {
    this.#enter();
    this.status(id);
    this.filters.push(options);
    yield* this.logChunks;
    if (!options.follow) return;
    this.openStreams += 1;
    try {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    } finally {
      this.openStreams -= 1;
    }
  }

  actions(filter: ActionFilter): readonly Action[] {
    this.#enter();
    this.filters.push(filter);
    return this.actionLog;
  }

  explain(id: string): Explanation {
    return {
      status: this.status(id),
      wanted: { revisionId: "r1", digest: "v1:abc", desired: "running" },
      observed: [
        {
          handle: "h",
          revisionId: "r0",
          kept: true,
          state: "exited",
          exit: "code 1",
          health: "unhealthy",
          healthOutput: "connection refused",
          facts: { a: "b" },
        },
      ],
      differences: ["revision r0 runs, r1 is wanted"],
      next: { step: "wait", cause: "back-off", dueAtMs: 1_700_000_000_500 },
      blockedBy: "a place among the running steps",
      history: [{ atMs: 1_700_000_000_250, step: "start", cause: "absent", outcome: "failed" }],
    };
  }

  health(): AgentHealth {
    this.#enter();
    return {
      healthy: true,
      reasons: ["the reason of something"],
      version: "1.2.3",
      nodeId: "node-1",
      runtimes: { process: "healthy" },
      runtimeVersions: { process: "Linux 6.1" },
      store: "healthy",
      utilization: { memoryPercent: 10, cpuPercent: 20.5, diskPercent: 30 },
      workloads: { pending: 1, running: 2, stopped: 0, failed: 0, unknown: 0 },
      orphans: ["process/lost"],
    };
  }
}
