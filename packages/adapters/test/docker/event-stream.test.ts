import { Readable } from "node:stream";
import type { RuntimeEvent } from "@persys/core";
import { describe, expect, it } from "vitest";
import { marksOf } from "../../src/docker/container-labels.ts";
import { ContainerEvents, type ContainerEventsContext } from "../../src/docker/container-events.ts";
import type { EngineFacts, StreamCall } from "../../src/docker/docker-client.ts";
import { idOf } from "../support/runtime-calls.ts";

/** An engine that answers to each subscription in turn with what is given, and then says nothing more. */
class MadeUpEngine {
  readonly calls: StreamCall[] = [];
  readonly #answers: (Iterable<string> | AsyncIterable<string>)[];

  constructor(...answers: (Iterable<string> | AsyncIterable<string>)[]) {
    this.#answers = answers;
  }

  async facts(): Promise<EngineFacts> {
    return { rootFolder: "/", hasSwapLimit: true, hasProxy: false, nowMs: 1_000_000 };
  }

  async stream(
    _doing: string,
    call: StreamCall,
    signal: AbortSignal,
  ): Promise<NodeJS.ReadableStream> {
    this.calls.push(call);
    const answer = this.#answers.shift() ?? [];
    async function* thenNothing(): AsyncGenerator<string> {
      yield* answer;
      await new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      });
    }
    return Readable.from(thenNothing());
  }
}

function eventOf(workloadId: string, timeMs: number, padding = ""): string {
  const labels = {
    "persys.managed": "true",
    "persys.workload_id": workloadId,
    "persys.revision_id": "r1",
    "persys.node_id": "node",
    "persys.uid": "u",
    "persys.sequence": "1",
    "persys.instance": "i",
    padding,
  };
  return `${JSON.stringify({
    Type: "container",
    Action: "die",
    Actor: { ID: "c", Attributes: labels },
    timeNano: timeMs * 1_000_000,
  })}\n`;
}

function make(client: ContainerEventsContext["client"], silenceMs = 60_000): ContainerEvents {
  return new ContainerEvents({
    client,
    ownerOf: (labels, names) => marksOf(labels, names, "node")?.id,
    workloadOf: () => undefined,
    silenceMs,
  });
}

async function failureOf(events: ContainerEvents): Promise<unknown> {
  try {
    for await (const event of events.events(new AbortController().signal)) void event;
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a stream of events", () => {
  it("that cannot be understood ends with an error, and is not asked for a second time", async () => {
    const engine = new MadeUpEngine([eventOf("a", 2_000_000), "<html>\n"], ["{}\n"]);
    const events = make(engine);

    expect(await failureOf(events)).toMatchObject({ code: "RUNTIME_ERROR", retryable: true });
    expect(await failureOf(events)).toMatchObject({ code: "RUNTIME_ERROR", retryable: true });
    expect(engine.calls.map(({ query }) => query["since"])).toEqual(["990.000", "990.000"]);
  });

  it("goes on behind an event that is too long to be read, which may be of anything", async () => {
    const engine = new MadeUpEngine([eventOf("a", 0, "x".repeat(2_000_000)), eventOf("b", 0)]);
    const heard: RuntimeEvent[] = [];
    for await (const event of make(engine).events(new AbortController().signal))
      if (heard.push(event) === 2) break;

    expect(heard).toEqual([
      { id: undefined, what: "unreadable" },
      { id: idOf("b"), what: "die" },
    ]);
  });

  it("of any length is one hint for each workload to a listener who is slow", async () => {
    function* burst(): Generator<string> {
      for (let n = 0; n < 20_000; n += 1) yield eventOf(`w${n % 3}`, n);
      yield eventOf("last", 20_000);
    }
    const events = make(new MadeUpEngine(burst()));
    const { promise: isRead, resolve } = Promise.withResolvers<void>();
    events.onHint(idOf("last"), resolve);
    const iterator = events.events(new AbortController().signal);
    await iterator.next();
    await isRead;
    const waiting = new Set<unknown>();
    for (let n = 0; n < 4; n += 1) waiting.add((await iterator.next()).value.id);
    const another = iterator.next();
    const isThere = await Promise.race([another.then(() => true), immediately(false)]);

    expect(waiting).toEqual(new Set(["w0", "w1", "w2", "last"]));
    expect(isThere).toBe(false);
  });

  it("that says nothing for long is asked for again, without an error", async () => {
    const engine = new MadeUpEngine([eventOf("a", 2_000_000)], [], [], [eventOf("b", 2_000_001)]);
    const heard: RuntimeEvent[] = [];
    for await (const event of make(engine, 20).events(new AbortController().signal))
      if (heard.push(event) === 2) break;

    expect(heard.map((event) => event.id)).toEqual(["a", "b"]);
    expect(engine.calls.map(({ query }) => query["since"])).toEqual([
      "990.000",
      "1990.000",
      "1990.000",
      "1990.000",
    ]);
  });
});

function immediately<T>(value: T): Promise<T> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(value));
  });
}
