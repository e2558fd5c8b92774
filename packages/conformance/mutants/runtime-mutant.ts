import type { SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import type { RuntimeEvent, WorkloadRuntime } from "@persys/core";

/** A runtime with one thing wrong, such as the author of an adapter might get wrong. */
export interface RuntimeMutant {
  /** Unique among the mutants of runtimes. */
  readonly name: string;
  /** What it does wrong, as a sentence about it. */
  readonly breaks: string;
  /** A clause of the contract that has to notice, among others. */
  readonly clauseHint?: string;
  /** How binding what it breaks is. Default MUST. */
  readonly level?: "MUST" | "SHOULD";
  /** The broken runtime over `world`; `real` is a sound one over the same world, for it alone. Called again after a restart of the agent. */
  readonly make: (world: SimulatedWorld, real: SimulatedRuntime) => WorkloadRuntime;
}

/** `real` with some of its parts changed. */
export function altered(real: WorkloadRuntime, changes: Partial<WorkloadRuntime>): WorkloadRuntime {
  const { type, capabilities } = real;
  return {
    type,
    capabilities,
    parseSpec: (input) => real.parseSpec(input),
    redactSpec: (spec) => real.redactSpec(spec),
    demands: (spec, signal) => real.demands(spec, signal),
    probe: (signal) => real.probe(signal),
    list: (signal) => real.list(signal),
    observe: (id, signal) => real.observe(id, signal),
    prepare: (target, signal, progress) => real.prepare(target, signal, progress),
    start: (target, signal) => real.start(target, signal),
    replace: (target, signal) => real.replace(target, signal),
    retire: (id, keepDigests, signal) => real.retire(id, keepDigests, signal),
    restore: (id, signal) => real.restore(id, signal),
    stop: (id, graceMs, signal) => real.stop(id, graceMs, signal),
    remove: (id, signal) => real.remove(id, signal),
    ...(real.events === undefined ? {} : { events: (signal) => eventsOf(real, signal) }),
    ...changes,
  };
}

/** The events of a runtime that has them. */
export function eventsOf(
  runtime: WorkloadRuntime,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  if (runtime.events === undefined) throw new TypeError(`${runtime.type} has no events`);
  return runtime.events(signal);
}

/** A signal that never aborts. */
export function unheeded(): AbortSignal {
  return new AbortController().signal;
}
