import type {
  Demands,
  Glance,
  Json,
  LogChunk,
  LogOptions,
  Observation,
  Parsed,
  ParsedSpec,
  Progress,
  RuntimeCapabilities,
  RuntimeEvent,
  RuntimeHealth,
  SpecDigest,
  StateStore,
  StoredState,
  Target,
  TargetName,
  UsageSnapshot,
  WorkloadId,
  WorkloadRuntime,
  Write,
} from "@persys/core";

/** A call of the engine through one of its ports. */
export interface PortCall {
  readonly port: "runtime" | "store";
  /** Name of the method; of a stream of events `events` for its opening, and `event` for each hint that it hands over. */
  readonly op: string;
  /** The workload it is for; left out where it is for all or for none. */
  readonly id?: WorkloadId;
  /** Left out where the call names none. */
  readonly revisionId?: string;
}

/**
 * Stands between the engine and a port: awaited before a call does anything and after it has done everything, whether that succeeded or not.
 * What it throws the call fails with; while it does not resolve the call hangs. `signal` is that of the call, where it has one.
 */
export type PortTap = (
  call: PortCall,
  moment: "before" | "after",
  signal?: AbortSignal,
) => Promise<void>;

/** The runtime with a tap on every call that may wait. Its parts that are pure are passed through. */
export function tapRuntime(runtime: WorkloadRuntime, tap: PortTap): WorkloadRuntime {
  return new TappedRuntime(runtime, tap);
}

/** The store with a tap on every call. */
export function tapStore(store: StateStore, tap: PortTap): StateStore {
  return new TappedStore(store, tap);
}

class TappedRuntime implements WorkloadRuntime {
  readonly type: string;
  readonly capabilities: RuntimeCapabilities;
  declare readonly events?: NonNullable<WorkloadRuntime["events"]>;
  declare readonly logs?: NonNullable<WorkloadRuntime["logs"]>;
  declare readonly usage?: NonNullable<WorkloadRuntime["usage"]>;
  readonly #inner: WorkloadRuntime;
  readonly #tap: PortTap;

  constructor(inner: WorkloadRuntime, tap: PortTap) {
    this.#inner = inner;
    this.#tap = tap;
    this.type = inner.type;
    this.capabilities = inner.capabilities;
    // What the runtime does not have, the tapped one does not have either.
    if (inner.events !== undefined) this.events = (signal) => this.#events(signal);
    if (inner.logs !== undefined) {
      this.logs = (id, options, signal) => this.#logs(id, options, signal);
    }
    if (inner.usage !== undefined) this.usage = (ids, signal) => this.#usage(ids, signal);
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return this.#inner.parseSpec(input);
  }

  redactSpec(spec: Json): Json {
    return this.#inner.redactSpec(spec);
  }

  demands(spec: Json, signal: AbortSignal, of?: TargetName): Promise<Demands> {
    return this.#call({ op: "demands" }, signal, () => this.#inner.demands(spec, signal, of));
  }

  probe(signal: AbortSignal): Promise<RuntimeHealth> {
    return this.#call({ op: "probe" }, signal, () => this.#inner.probe(signal));
  }

  list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    return this.#call({ op: "list" }, signal, () => this.#inner.list(signal));
  }

  observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    return this.#call({ op: "observe", id }, signal, () => this.#inner.observe(id, signal));
  }

  prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    return this.#call(callFor("prepare", target), signal, () =>
      this.#inner.prepare(target, signal, progress),
    );
  }

  start(target: Target, signal: AbortSignal): Promise<void> {
    return this.#call(callFor("start", target), signal, () => this.#inner.start(target, signal));
  }

  replace(target: Target, signal: AbortSignal): Promise<void> {
    return this.#call(callFor("replace", target), signal, () =>
      this.#inner.replace(target, signal),
    );
  }

  retire(id: WorkloadId, keep: readonly SpecDigest[], signal: AbortSignal): Promise<void> {
    return this.#call({ op: "retire", id }, signal, () => this.#inner.retire(id, keep, signal));
  }

  restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    return this.#call({ op: "restore", id }, signal, () => this.#inner.restore(id, signal));
  }

  stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    return this.#call({ op: "stop", id }, signal, () => this.#inner.stop(id, graceMs, signal));
  }

  remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    return this.#call({ op: "remove", id }, signal, () => this.#inner.remove(id, signal));
  }

  /** Listens from the call on, as the port asks, and lets the tap speak at the first read. */
  #events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const stream = this.#inner.events?.(signal) ?? [];
    return this.#handOver(stream, signal);
  }

  async *#handOver(
    stream: AsyncIterable<RuntimeEvent> | readonly RuntimeEvent[],
    signal: AbortSignal,
  ): AsyncGenerator<RuntimeEvent> {
    await this.#call({ op: "events" }, signal, async () => {});
    for await (const event of stream) {
      const call = callOf("event", event.id);
      await this.#tap(call, "before", signal);
      yield event;
      await this.#tap(call, "after", signal);
    }
  }

  async *#logs(id: WorkloadId, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogChunk> {
    const call = callOf("logs", id);
    await this.#tap(call, "before", signal);
    yield* this.#inner.logs?.(id, options, signal) ?? [];
    await this.#tap(call, "after", signal);
  }

  #usage(
    ids: readonly WorkloadId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    return this.#call(
      { op: "usage" },
      signal,
      async () => (await this.#inner.usage?.(ids, signal)) ?? new Map<WorkloadId, UsageSnapshot>(),
    );
  }

  #call<T>(call: Omit<PortCall, "port">, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return tapped(
      { port: "runtime", ...call },
      (it, moment) => this.#tap(it, moment, signal),
      work,
    );
  }
}

class TappedStore implements StateStore {
  readonly #inner: StateStore;
  readonly #tap: PortTap;

  constructor(inner: StateStore, tap: PortTap) {
    this.#inner = inner;
    this.#tap = tap;
  }

  open(signal: AbortSignal): Promise<StoredState> {
    const tap: PortTap = (call, moment) => this.#tap(call, moment, signal);
    return tapped({ port: "store", op: "open" }, tap, () => this.#inner.open(signal));
  }

  commit(batch: readonly Write[]): Promise<void> {
    const id = idOf(batch);
    const call = { port: "store", op: "commit", ...(id === undefined ? {} : { id }) } as const;
    return tapped(call, this.#tap, () => this.#inner.commit(batch));
  }

  close(): Promise<void> {
    return tapped({ port: "store", op: "close" }, this.#tap, () => this.#inner.close());
  }
}

async function tapped<T>(call: PortCall, tap: PortTap, work: () => Promise<T>): Promise<T> {
  await tap(call, "before");
  try {
    return await work();
  } finally {
    await tap(call, "after");
  }
}

function callFor(
  op: string,
  { id, revisionId }: { readonly id: WorkloadId; readonly revisionId: string },
): Omit<PortCall, "port"> {
  return { op, id, revisionId };
}

function callOf(op: string, id: WorkloadId | undefined): PortCall {
  return { port: "runtime", op, ...(id === undefined ? {} : { id }) };
}

/** The workload that a batch is about. */
function idOf(batch: readonly Write[]): WorkloadId | undefined {
  for (const write of batch) {
    if (write.kind === "put-record") return write.record.id;
    if (write.kind === "delete-record") return write.id;
    if (write.kind === "put-action") return write.action.workloadId;
  }
  return undefined;
}
