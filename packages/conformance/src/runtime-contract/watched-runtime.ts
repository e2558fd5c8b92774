import {
  AgentError,
  type Demands,
  type Glance,
  type Json,
  type LogChunk,
  type LogOptions,
  type Observation,
  type Parsed,
  type ParsedSpec,
  type Progress,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type TargetName,
  type UsageSnapshot,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import type { CallTrail } from "./call-trail.ts";

/** How calls are watched. */
export interface CallWatch {
  readonly trail: CallTrail;
  /** An id as people are to read it. */
  readonly nameOf: (id: string) => string;
  /** The outcome of a call. @throws when it does not end in time. */
  readonly inTime: <T>(what: string, call: Promise<T>) => Promise<T>;
}

/** A runtime of which every changing call is noted, and every call has to end in time. */
export class WatchedRuntime implements WorkloadRuntime {
  readonly type: string;
  readonly capabilities: RuntimeCapabilities;
  declare readonly events?: (signal: AbortSignal) => AsyncIterable<RuntimeEvent>;
  declare readonly logs?: (
    id: WorkloadId,
    options: LogOptions,
    signal: AbortSignal,
  ) => AsyncIterable<LogChunk>;
  declare readonly usage?: (
    ids: readonly WorkloadId[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<WorkloadId, UsageSnapshot>>;
  readonly #inner: WorkloadRuntime;
  readonly #watch: CallWatch;

  constructor(inner: WorkloadRuntime, watch: CallWatch) {
    this.#inner = inner;
    this.#watch = watch;
    this.type = inner.type;
    this.capabilities = inner.capabilities;
    // What the runtime does not have, the watched one does not have either.
    if (inner.events !== undefined) this.events = (signal) => inner.events?.(signal) ?? none();
    if (inner.logs !== undefined)
      this.logs = (id, options, signal) => inner.logs?.(id, options, signal) ?? none();
    if (inner.usage !== undefined)
      this.usage = (ids, signal) =>
        watch.inTime(
          "usage",
          inner.usage?.(ids, signal) ?? Promise.resolve(new Map<WorkloadId, UsageSnapshot>()),
        );
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return this.#inner.parseSpec(input);
  }

  redactSpec(spec: Json): Json {
    return this.#inner.redactSpec(spec);
  }

  demands(spec: Json, signal: AbortSignal, of?: TargetName): Promise<Demands> {
    return this.#read("demands", () => this.#inner.demands(spec, signal, of));
  }

  probe(signal: AbortSignal): Promise<RuntimeHealth> {
    return this.#read("probe", () => this.#inner.probe(signal));
  }

  list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    return this.#read("list", () => this.#inner.list(signal));
  }

  observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    const what = `observe ${this.#watch.nameOf(id)}`;
    return this.#read(what, () => this.#inner.observe(id, signal));
  }

  prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    return this.#change("prepare", target, signal, () =>
      this.#inner.prepare(target, signal, progress),
    );
  }

  start(target: Target, signal: AbortSignal): Promise<void> {
    return this.#change("start", target, signal, () => this.#inner.start(target, signal));
  }

  replace(target: Target, signal: AbortSignal): Promise<void> {
    return this.#change("replace", target, signal, () => this.#inner.replace(target, signal));
  }

  retire(id: WorkloadId, keep: readonly SpecDigest[], signal: AbortSignal): Promise<void> {
    const what = `retire, keeping ${keep.length} prepared, of`;
    return this.#change(what, { id }, signal, () => this.#inner.retire(id, keep, signal));
  }

  restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    return this.#change("restore", { id }, signal, () => this.#inner.restore(id, signal));
  }

  stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    const what = `stop within ${graceMs} ms`;
    return this.#change(what, { id }, signal, () => this.#inner.stop(id, graceMs, signal));
  }

  remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    return this.#change("remove", { id }, signal, () => this.#inner.remove(id, signal));
  }

  /** Reads go unnoted: they are many, and change nothing. */
  async #read<T>(what: string, call: () => Promise<T>): Promise<T> {
    return this.#watch.inTime(what, call());
  }

  async #change(
    op: string,
    { id, revisionId = "" }: { readonly id: string; readonly revisionId?: string },
    signal: AbortSignal,
    call: () => Promise<void>,
  ): Promise<void> {
    const what = `${op} ${this.#watch.nameOf(id)} ${revisionId}`.trimEnd();
    const ended = this.#watch.trail.note(what);
    const outcome = call();
    outcome.then(
      () => signal.aborted && ended("(succeeded although called off)"),
      (error: unknown) => ended(`(${endingOf(error, signal)})`),
    );
    return this.#watch.inTime(what, outcome);
  }
}

async function* none(): AsyncGenerator<never> {}

function endingOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted && error === signal.reason) return "called off";
  return AgentError.is(error)
    ? `failed: ${error.code}, ${error.message}`
    : `threw ${String(error)}`;
}
