import type { SimulatedRuntime } from "@persys/conformance";
import type {
  Demands,
  Glance,
  Json,
  Observation,
  Parsed,
  ParsedSpec,
  Progress,
  RuntimeCapabilities,
  RuntimeEvent,
  RuntimeHealth,
  SpecDigest,
  Target,
  WorkloadId,
  WorkloadRuntime,
} from "@persys/core";

/**
 * A simulated runtime that notes every changing call for a workload whose last look could not be read. Its prepares talk: of every call they
 * say so many sentences at once, and one when they have long ended.
 */
export class AttentiveRuntime implements WorkloadRuntime {
  readonly type: string;
  readonly capabilities: RuntimeCapabilities;
  readonly events?: (signal: AbortSignal) => AsyncIterable<RuntimeEvent>;
  /** Changing calls that were made blindly, in words. */
  readonly blindCalls: string[];
  /** Sentences of progress that every prepare says besides. */
  talk = 0;
  /** What is to be thrown by every start, made of its target. */
  startFailure: ((target: Target) => Error) | undefined;
  /** Specs of all targets so far, as the runtime was given them. */
  readonly specs: Json[] = [];
  /** Stops that did nothing. */
  stopsIgnored = 0;
  /** Ids of which every look brings something that is no observation, as a faulty runtime might give. */
  readonly garbled = new Set<string>();
  /** Ids for which a stop does nothing and says that it is done. */
  readonly deafToStop = new Set<string>();
  readonly #inner: SimulatedRuntime;
  readonly #unreadable = new Set<WorkloadId>();

  constructor(inner: SimulatedRuntime, blindCalls: string[]) {
    this.#inner = inner;
    this.blindCalls = blindCalls;
    this.type = inner.type;
    this.capabilities = inner.capabilities;
    if (inner.events !== undefined) this.events = inner.events;
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return this.#inner.parseSpec(input);
  }

  redactSpec(spec: Json): Json {
    return this.#inner.redactSpec(spec);
  }

  demands(spec: Json, signal: AbortSignal): Promise<Demands> {
    return this.#inner.demands(spec, signal);
  }

  probe(signal: AbortSignal): Promise<RuntimeHealth> {
    return this.#inner.probe(signal);
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    const glances = await this.#inner.list(signal);
    this.#unreadable.clear();
    return glances;
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    const seen = await this.#inner.observe(id, signal);
    if (this.garbled.has(id)) return JSON.parse('{"kind":"present","glance":"?"}') as Observation;
    if (seen.kind === "unreadable") this.#unreadable.add(id);
    else this.#unreadable.delete(id);
    return seen;
  }

  prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    this.#notice("prepare", target.id);
    this.specs.push(target.spec);
    for (let sentence = 0; sentence < this.talk; sentence += 1) progress(`${sentence} bytes`);
    return this.#inner.prepare(target, signal, progress).finally(() => {
      if (this.talk > 0) setImmediate(() => progress("late"));
    });
  }

  start(target: Target, signal: AbortSignal): Promise<void> {
    this.#notice("start", target.id);
    this.specs.push(target.spec);
    if (this.startFailure !== undefined) return Promise.reject(this.startFailure(target));
    return this.#inner.start(target, signal);
  }

  replace(target: Target, signal: AbortSignal): Promise<void> {
    this.#notice("replace", target.id);
    return this.#inner.replace(target, signal);
  }

  retire(id: WorkloadId, keep: readonly SpecDigest[], signal: AbortSignal): Promise<void> {
    this.#notice("retire", id);
    return this.#inner.retire(id, keep, signal);
  }

  restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    this.#notice("restore", id);
    return this.#inner.restore(id, signal);
  }

  stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    this.#notice("stop", id);
    if (this.deafToStop.has(id)) {
      this.stopsIgnored += 1;
      return Promise.resolve();
    }
    return this.#inner.stop(id, graceMs, signal);
  }

  remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    this.#notice("remove", id);
    return this.#inner.remove(id, signal);
  }

  #notice(op: string, id: WorkloadId): void {
    if (this.#unreadable.has(id)) this.blindCalls.push(`${op} of ${id} on an unreadable look`);
  }
}
