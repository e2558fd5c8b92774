import { setTimeout as elapsed } from "node:timers/promises";
import type {
  LogChunk,
  LogOptions,
  RuntimeCapabilities,
  Target,
  WorkloadId,
  WorkloadRuntime,
} from "@persys/core";
import { SimulatedRuntime } from "../../src/simulated-runtime.ts";
import { behaviourOf } from "../../src/simulated-spec.ts";
import type { SimulatedWorld } from "../../src/simulated-world.ts";

/** How often a workload says `tick`, in milliseconds. */
const tickMs = 50;

interface Speech {
  readonly lines: readonly string[];
  readonly startedMs: number;
}

/** A simulated runtime with logs: a workload says the lines of its note, then `tick` again and again. */
export class TalkingRuntime extends SimulatedRuntime implements WorkloadRuntime {
  override readonly capabilities: RuntimeCapabilities;
  readonly #world: SimulatedWorld;
  readonly #speeches = new Map<WorkloadId, Speech>();

  constructor(world: SimulatedWorld) {
    super(world);
    this.#world = world;
    this.capabilities = { events: true, logs: true, usage: false };
  }

  override async start(target: Target, signal: AbortSignal): Promise<void> {
    await super.start(target, signal);
    this.#speeches.set(target.id, { lines: noteOf(target), startedMs: performance.now() });
  }

  async *logs(
    id: WorkloadId,
    { follow, tailLines }: LogOptions,
    signal: AbortSignal,
  ): AsyncGenerator<LogChunk> {
    let told = this.#said(id).length;
    const kept = this.#said(id);
    yield* kept.slice(tailLines === undefined ? 0 : kept.length - tailLines).map(chunkOf);
    if (!follow) return;
    let wasThere = false;
    while (!signal.aborted) {
      const isThere = this.#world.instances.get(id)?.current !== undefined;
      if (wasThere && !isThere) return;
      wasThere ||= isThere;
      await elapsed(tickMs);
      const said = this.#said(id);
      yield* said.slice(told).map(chunkOf);
      told = said.length;
    }
  }

  #said(id: WorkloadId): readonly string[] {
    const speech = this.#speeches.get(id);
    if (speech === undefined) return [];
    const ticks = Math.floor((performance.now() - speech.startedMs) / tickMs);
    return [...speech.lines, ...Array.from({ length: ticks }, () => "tick")];
  }
}

function noteOf({ spec }: Target): readonly string[] {
  const { note = "" } = behaviourOf(spec);
  return note === "" ? [] : note.split("\n");
}

function chunkOf(line: string): LogChunk {
  return { stream: "stdout", data: Buffer.from(`${line}\n`), atMs: Date.now() };
}
