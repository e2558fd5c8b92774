import {
  AgentError,
  type Demands,
  type ErrorCode,
  type Failure,
  failureOf,
  type Glance,
  type Json,
  type Observation,
  type Parsed,
  type ParsedSpec,
  type Progress,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import { SimulatedCalls } from "./simulated-calls.ts";
import { isUp, type SimulatedHolding, type SimulatedInstance } from "./simulated-instances.ts";
import type { SimulatedOperation } from "./simulated-journal.ts";
import { observationOf } from "./simulated-observation.ts";
import { behaviourOf, parseSimulatedSpec } from "./simulated-spec.ts";
import { type SimulatedWorld, unreachableError } from "./simulated-world.ts";

/** How a simulated runtime presents itself. */
export interface SimulatedRuntimeOptions {
  /** Default `simulated`. */
  readonly type?: string;
  /** Whether it has events. Default true. */
  readonly events?: boolean;
}

/** Exits of a program that ends when asked (128 + SIGTERM) and of one that has to be forced (128 + SIGKILL). */
const endedExit = { kind: "code", code: 143 } as const;
const forcedExit = { kind: "code", code: 137 } as const;

/** Codes that a specified failure carries as retryable. */
const transientCodes: ReadonlySet<ErrorCode> = new Set([
  "IMAGE_PULL_FAILED",
  "INSUFFICIENT_RESOURCES",
  "NETWORK_ERROR",
  "NOT_PREPARED",
  "PORT_CONFLICT",
  "RUNTIME_ERROR",
  "RUNTIME_UNAVAILABLE",
  "STORAGE_ERROR",
  "TIMEOUT",
]);

/**
 * A runtime whose workloads live in a {@link SimulatedWorld}. It keeps the contract of the port to the letter, except where the world's
 * faults, a spec or `crash` say otherwise, and needs no time but that of the world's clock.
 */
export class SimulatedRuntime implements WorkloadRuntime {
  readonly type: string;
  readonly capabilities: RuntimeCapabilities;
  readonly events?: (signal: AbortSignal) => AsyncIterable<RuntimeEvent>;
  readonly #world: SimulatedWorld;
  readonly #calls: SimulatedCalls;

  constructor(world: SimulatedWorld, options: SimulatedRuntimeOptions = {}) {
    const events = options.events ?? true;
    this.#world = world;
    this.#calls = new SimulatedCalls(world);
    this.type = options.type ?? "simulated";
    this.capabilities = { events, logs: false, usage: false };
    if (events) {
      this.events = (signal) => {
        if (world.unreachable) throw unreachableError();
        return world.events.subscribe(signal);
      };
    }
  }

  /** From now on nothing that was called or will be called does anything or returns: as if the agent's process had been killed. */
  crash(): void {
    this.#calls.crash();
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return parseSimulatedSpec(input);
  }

  redactSpec(spec: Json): Json {
    const isObject = typeof spec === "object" && spec !== null && !Array.isArray(spec);
    return isObject && "secret" in spec ? { ...spec, secret: "<redacted>" } : spec;
  }

  async demands(spec: Json, signal: AbortSignal): Promise<Demands> {
    await this.#calls.point("demands", "before", { id: undefined, signal });
    const { cpuMillicores = 0, memoryBytes = 0, hostPaths = [], user = "" } = behaviourOf(spec);
    const paths = hostPaths.map((path, at) => ({
      path,
      field: `hostPaths[${at}]`,
      readOnly: false,
    }));
    return { cpuMillicores, memoryBytes, hostPaths: paths, user };
  }

  async probe(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      await this.#calls.reach("probe", { id: undefined, signal });
      return { healthy: true, version: "simulated" };
    } catch (error) {
      return { healthy: false, failure: this.#failureOf(error, signal) };
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    this.#world.reads.list += 1;
    await this.#calls.reach("list", { id: undefined, signal });
    const glances = new Map<WorkloadId, Glance>();
    for (const { id, glance, current, kept } of this.#world.instances.all()) {
      if (current !== undefined || kept !== undefined) glances.set(id, glance);
    }
    await this.#calls.point("list", "after", { id: undefined, signal });
    return glances;
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    this.#world.reads.observe += 1;
    try {
      await this.#calls.reach("observe", { id, signal });
      const observation = observationOf(this.#world.instances.get(id));
      await this.#calls.point("observe", "after", { id, signal });
      return observation;
    } catch (error) {
      return { kind: "unreadable", failure: this.#failureOf(error, signal) };
    }
  }

  async prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    const { id, revisionId, specDigest } = target;
    await this.#calls.change({ op: "prepare", id, revisionId, signal }, async () => {
      const { instances } = this.#world;
      const { prepareMs = 0, prepareFails } = instances.behaviour(target);
      progress(`preparing ${revisionId}`);
      if (instances.isPrepared(instances.get(id), specDigest)) return;
      instances.setPrepared(instances.ensure(id), specDigest, false);
      await this.#calls.elapse(prepareMs, signal);
      if (prepareFails !== undefined) throw specifiedError("prepare", prepareFails);
      instances.setPrepared(instances.ensure(id), specDigest, true);
    });
  }

  async start(target: Target, signal: AbortSignal): Promise<void> {
    const { id, revisionId } = target;
    await this.#calls.change({ op: "start", id, revisionId, signal }, async () => {
      const holding = this.#ready(target);
      if (holding.current !== undefined && !isOfTarget(holding.current, target)) {
        throw new AgentError("RUNTIME_ERROR", "another revision is there: it has to be replaced", {
          effect: "none",
          details: { revisionId: holding.current.revisionId },
        });
      }
      await this.#bringUp(holding, target, signal);
    });
  }

  async replace(target: Target, signal: AbortSignal): Promise<void> {
    const { id, revisionId, stopGraceMs } = target;
    await this.#calls.change({ op: "replace", id, revisionId, signal }, async () => {
      const { instances } = this.#world;
      const holding = this.#ready(target);
      const { current } = holding;
      if (current !== undefined && !isOfTarget(current, target)) {
        await this.#end(holding, current, { graceMs: stopGraceMs, signal });
        if (holding.kept === undefined) instances.setAside(holding);
        else instances.drop(holding, "current");
      } else if (current !== undefined && current.drift.length > 0) {
        // Its next run begins as it was asked for.
        await this.#end(holding, current, { graceMs: stopGraceMs, signal });
      }
      if (holding.kept !== undefined) {
        await this.#end(holding, holding.kept, { graceMs: stopGraceMs, signal });
      }
      await this.#calls.point("replace", "midway", { id, signal });
      await this.#bringUp(holding, target, signal);
    });
  }

  async retire(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#calls.change({ op: "retire", id, revisionId: "", signal }, async () => {
      const { instances } = this.#world;
      const holding = instances.get(id);
      if (holding === undefined) return;
      instances.drop(holding, "kept");
      instances.keepPrepared(holding, keepDigests);
    });
  }

  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await this.#calls.change({ op: "restore", id, revisionId: "", signal }, async () => {
      const { instances } = this.#world;
      const holding = instances.get(id);
      const kept = holding?.kept;
      if (holding === undefined || kept === undefined) return;
      instances.drop(holding, "current");
      await this.#calls.point("restore", "midway", { id, signal });
      await this.#calls.elapse(kept.behaviour.startMs ?? 0, signal);
      instances.bringBack(holding);
      if (!isUp(kept)) instances.run(holding, kept);
    });
  }

  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await this.#calls.change({ op: "stop", id, revisionId: "", signal }, async () => {
      const holding = this.#world.instances.get(id);
      if (holding === undefined) return;
      for (const instance of [holding.current, holding.kept]) {
        if (instance !== undefined) await this.#end(holding, instance, { graceMs, signal });
      }
    });
  }

  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await this.#calls.change({ op: "remove", id, revisionId: "", signal }, async () => {
      const { instances } = this.#world;
      const holding = instances.get(id);
      if (holding === undefined) return;
      instances.drop(holding, "current");
      await this.#calls.point("remove", "midway", { id, signal });
      instances.drop(holding, "kept");
      instances.keepPrepared(holding, []);
    });
  }

  /** What stands ready for the target to be made from. */
  #ready(target: Target): SimulatedHolding {
    const holding = this.#world.instances.get(target.id);
    if (holding === undefined || !this.#world.instances.isPrepared(holding, target.specDigest)) {
      throw new AgentError("NOT_PREPARED", `revision ${target.revisionId} is not prepared`, {
        retryable: true,
        effect: "none",
      });
    }
    return holding;
  }

  /** Brings the target's instance to running from whatever it does, making it where there is none. */
  async #bringUp(holding: SimulatedHolding, target: Target, signal: AbortSignal): Promise<void> {
    const { instances } = this.#world;
    if (holding.current === undefined && this.#world.isNameTaken(target.id)) {
      throw new AgentError("NAME_CONFLICT", `something else is called ${target.id}`, {
        effect: "none",
      });
    }
    const current = holding.current ?? instances.make(holding, target);
    if (current.state === "running" || current.state === "starting") return;
    if (current.state === "paused") return instances.thaw(holding, current);
    const { startMs = 0, startFails } = current.behaviour;
    await this.#calls.elapse(startMs, signal);
    if (startFails !== undefined) throw specifiedError("start", startFails);
    if (holding.current !== current) {
      throw new AgentError("RUNTIME_ERROR", "its instance was removed while it was started", {
        retryable: true,
        effect: "none",
      });
    }
    instances.end(holding, current, forcedExit);
    instances.run(holding, current);
  }

  /** Ends a run, gracefully as long as that takes within the grace, then by force. */
  async #end(
    holding: SimulatedHolding,
    instance: SimulatedInstance,
    { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const { instances } = this.#world;
    const { stopMs = 0 } = instance.behaviour;
    if (!isUp(instance)) return;
    if (stopMs === 0) return instances.end(holding, instance, endedExit);
    instances.askToEnd(holding, instance, endedExit);
    await this.#calls.elapse(Math.min(stopMs, graceMs), signal);
    instances.end(holding, instance, forcedExit);
  }

  #failureOf(error: unknown, signal: AbortSignal): Failure {
    // A read that was called off has nothing to say, not even that it could not read.
    signal.throwIfAborted();
    return failureOf(AgentError.from(error), this.#world.clock.wallMs());
  }
}

function isOfTarget(instance: SimulatedInstance, target: Target): boolean {
  return (
    instance.uid === target.uid &&
    instance.revisionId === target.revisionId &&
    instance.specDigest === target.specDigest
  );
}

function specifiedError(op: SimulatedOperation, code: ErrorCode): AgentError {
  return new AgentError(code, `its spec says that every ${op} fails`, {
    retryable: transientCodes.has(code),
    effect: "none",
  });
}
