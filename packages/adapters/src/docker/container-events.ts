import {
  AgentError,
  type Logger,
  type RuntimeEvent,
  silentLogger,
  type WorkloadId,
} from "@persys/core";
import { z } from "zod";
import { EventQueue } from "../shared/event-queue.ts";
import type { DockerClient } from "./docker-client.ts";
import { dockerError } from "./docker-errors.ts";
import { LineSplitter } from "./line-splitter.ts";

/** What the events of containers stand on. */
export interface ContainerEventsContext {
  readonly client: Pick<DockerClient, "facts" | "stream">;
  /** The workload of a container of ours, by its labels and names; undefined for any other. */
  readonly ownerOf: (
    labels: Readonly<Record<string, string>>,
    names: readonly string[],
  ) => WorkloadId | undefined;
  /** The workload of a container that is known by its id: events of networks tell no more of it. */
  readonly workloadOf: (containerId: string) => WorkloadId | undefined;
  /** Told when a container runs out of memory, at a time of the engine in Unix milliseconds. */
  readonly onOutOfMemory?: (containerId: string, atMs: number) => void;
  readonly logger?: Logger;
  /** A stream that says nothing for so long is opened anew, in milliseconds. Default 60,000: cheap, and soon enough for a person. */
  readonly silenceMs?: number;
}

/** What changes an observation. Health is checked by `exec`, whose events would be most of all. */
const actions: readonly string[] = [
  "create",
  "start",
  "die",
  "oom",
  "pause",
  "unpause",
  "rename",
  "update",
  "destroy",
  "health_status",
  "connect",
  "disconnect",
];

/**
 * How far before the last event a stream begins, in milliseconds: clocks are not exact, and the engine's is asked while the first list may
 * be under way already. The engine replays 256 events at most, and twice is as good as once.
 */
const overlapMs = 10_000;

/** The longest event that is read. Those of containers carry their labels. */
const lineBytesMax = 1024 * 1024;

/** For logs. */
const wordsCharsMax = 64;

const eventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({
    ID: z.string(),
    Attributes: z
      .record(z.string(), z.string())
      .nullish()
      .transform((it) => it ?? {}),
  }),
  timeNano: z.number(),
});

type EngineEvent = z.infer<typeof eventSchema>;

/**
 * Hints from the engine's own events that a container of ours may have changed. What the engine told last is remembered, so that the next
 * stream begins there: a break loses nothing that the engine still knows. Hints of one workload that wait are one.
 */
export class ContainerEvents {
  readonly #context: ContainerEventsContext;
  readonly #silenceMs: number;
  readonly #logger: Logger;
  readonly #listeners = new Map<WorkloadId, Set<() => void>>();
  /** The engine's clock at the last event, or when it was first asked. */
  #heardUntilMs: number | undefined;

  constructor(context: ContainerEventsContext) {
    this.#context = context;
    this.#silenceMs = context.silenceMs ?? 60_000;
    this.#logger = context.logger ?? silentLogger;
  }

  /**
   * Hints, until the signal aborts. An event may come twice.
   * @throws the signal's reason. {AgentError} RUNTIME_UNAVAILABLE when the stream breaks off, RUNTIME_ERROR when what it says is no event.
   */
  async *events(signal: AbortSignal): AsyncGenerator<RuntimeEvent, never, undefined> {
    const queue = new EventQueue();
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    const reading = this.#readForEver(queue, either).catch((error: unknown) => {
      ending.abort(error);
    });
    try {
      return yield* queue.drain(either);
    } finally {
      ending.abort();
      await reading;
    }
  }

  /** Calls `listener` at every hint of the workload while events are read. Returns what ends that. */
  onHint(id: WorkloadId, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  async #readForEver(queue: EventQueue, signal: AbortSignal): Promise<never> {
    for (;;) await this.#readUntilSilent(queue, signal);
  }

  /** Resolves when the stream has fallen silent: nobody knows then whether it is still one. */
  async #readUntilSilent(queue: EventQueue, signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const watchdog = setTimeout(() => {
      silence.abort();
    }, this.#silenceMs);
    let hasAnswered = false;
    try {
      const stream = await this.#open(AbortSignal.any([signal, silence.signal]));
      hasAnswered = true;
      const lines = new LineSplitter(lineBytesMax);
      for await (const piece of stream) {
        watchdog.refresh();
        for (const line of lines.push(Buffer.from(piece))) this.#take(line, queue);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!silence.signal.aborted) throw dockerError(error, "follow the engine's events");
      if (!hasAnswered) throw brokenOff(`did not answer within ${this.#silenceMs} ms`);
      return;
    } finally {
      clearTimeout(watchdog);
    }
    signal.throwIfAborted();
    throw brokenOff("ended them");
  }

  async #open(signal: AbortSignal): Promise<NodeJS.ReadableStream> {
    const { client } = this.#context;
    this.#heardUntilMs ??= (await client.facts(signal)).nowMs;
    const filters = JSON.stringify({ type: ["container", "network"], event: actions });
    const since = ((this.#heardUntilMs - overlapMs) / 1000).toFixed(3);
    const call = { path: "/events", method: "GET", query: { since, filters } } as const;
    return client.stream("follow the engine's events", call, signal);
  }

  #take(line: string | undefined, queue: EventQueue): void {
    if (line === undefined) {
      this.#logger.warn("an event is too long to be read", { bytesMax: lineBytesMax });
      queue.put({ id: undefined, what: "unreadable" });
      return;
    }
    const event = this.#parse(line);
    this.#heardUntilMs = Math.max(this.#heardUntilMs ?? 0, event.timeNano / 1_000_000);
    const id = this.#workloadOf(event);
    if (id === undefined) return;
    if (event.Action === "oom")
      this.#context.onOutOfMemory?.(event.Actor.ID, event.timeNano / 1_000_000);
    queue.put({ id, what: event.Action.slice(0, wordsCharsMax) });
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }

  #parse(line: string): EngineEvent {
    try {
      return eventSchema.parse(JSON.parse(line));
    } catch (error) {
      // It would come again: the next stream begins after it.
      this.#heardUntilMs = undefined;
      throw new AgentError("RUNTIME_ERROR", "the engine's events cannot be understood", {
        retryable: true,
        cause: error,
      });
    }
  }

  #workloadOf({ Type, Actor }: EngineEvent): WorkloadId | undefined {
    const { ownerOf, workloadOf } = this.#context;
    const { ID, Attributes } = Actor;
    if (Type !== "container") return workloadOf(Attributes["container"] ?? "");
    // After a rename one of the two is the name by which an older agent's container is known.
    const names = [Attributes["name"] ?? "", Attributes["oldName"] ?? ""];
    return ownerOf(Attributes, names) ?? workloadOf(ID);
  }
}

function brokenOff(how: string): AgentError {
  const message = `could not follow the engine's events: it ${how}`;
  return new AgentError("RUNTIME_UNAVAILABLE", message, { retryable: true });
}
