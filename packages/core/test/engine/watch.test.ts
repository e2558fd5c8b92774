import type { WatchEvent, WatchOptions } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

/** A reader that takes whatever comes. */
class Reader {
  readonly events: WatchEvent[] = [];
  readonly #controller = new AbortController();
  readonly ended: Promise<unknown>;

  constructor(node: SimulatedNode, options: WatchOptions = {}) {
    this.ended = this.#read(node, options);
  }

  get texts(): readonly string[] {
    return this.events.map(textOf);
  }

  get lastToken(): string {
    return this.events.at(-1)?.resumeToken ?? "";
  }

  leave(): void {
    this.#controller.abort();
  }

  async #read(node: SimulatedNode, options: WatchOptions): Promise<unknown> {
    try {
      for await (const event of node.api.watch(options, this.#controller.signal))
        this.events.push(event);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

function textOf(event: WatchEvent): string {
  if (event.kind === "snapshot" || event.kind === "changed")
    return `${event.kind} ${event.status.id} ${event.status.actual}`;
  if (event.kind === "deleted") return `deleted ${event.id}`;
  return event.kind === "synced" ? `synced ${event.fresh}` : event.kind;
}

async function reading(node: SimulatedNode, options: WatchOptions = {}): Promise<Reader> {
  const reader = new Reader(node, options);
  await node.clock.settle();
  return reader;
}

describe("a watch", () => {
  it("begins with a snapshot, says when that is complete, then tells every change and deletion in order", async () => {
    const node = await SimulatedNode.start();
    await node.settled("b");
    await node.settled("a");
    const reader = await reading(node);
    expect(reader.texts).toEqual(["snapshot a running", "snapshot b running", "synced true"]);

    await node.apply("c", serve);
    await node.after(11_000);
    await node.remove("a");
    await node.clock.settle();

    const later = reader.texts.slice(3);
    expect(later.filter((one) => one.endsWith("c running"))).toHaveLength(1);
    expect(later.at(-1)).toBe("deleted a");
    expect(later.indexOf("changed c pending")).toBeLessThan(later.indexOf("changed c running"));
  });

  it("goes on after its token with what changed since, deletions included", async () => {
    const node = await SimulatedNode.start();
    for (const id of ["a", "b", "c"]) await node.settled(id);
    const first = await reading(node);
    first.leave();
    await node.want("b", "stopped");
    await node.remove("c");

    const second = await reading(node, { resumeToken: first.lastToken });

    expect(second.texts).toEqual(["deleted c", "changed b stopped", "synced false"]);
  });

  it.each(["nonsense", "999.1", "1.999999", "1.-1", ""])(
    "with the unknown token %j begins anew",
    async (resumeToken) => {
      const node = await SimulatedNode.start();
      await node.settled("a");

      const reader = await reading(node, { resumeToken });

      expect(reader.texts).toEqual(["snapshot a running", "synced true"]);
    },
  );

  it("with a token of the agent before begins anew", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    const first = await reading(node);

    await node.restart();
    const second = await reading(node, { resumeToken: first.lastToken });

    expect(second.texts).toEqual(["snapshot a running", "synced true"]);
  });

  it("gives no token to go on from before the snapshot is complete", async () => {
    const node = await SimulatedNode.start();
    for (const id of ["a", "b", "c"]) await node.settled(id);
    const reader = await reading(node);

    const parts = reader.events.filter((one) => one.kind === "snapshot");
    for (const part of parts) {
      const again = await reading(node, { resumeToken: part.resumeToken });
      expect(again.texts.at(-1)).toBe("synced true");
    }
  });

  it("of one workload, type or label tells of nothing else", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a", "r1", { labels: { tier: "front" } });
    await node.settled("b");
    const one = await reading(node, { id: "a" });
    const labelled = await reading(node, { labels: { tier: "front" } });
    const typed = await reading(node, { type: "another" });

    await node.want("b", "stopped");
    await node.remove("b");

    expect(one.texts).toEqual(["snapshot a running", "synced true"]);
    expect(labelled.texts).toEqual(["snapshot a running", "synced true"]);
    expect(typed.texts).toEqual(["synced true"]);
  });

  it("of everything tells the deletion of each creation of an id", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    const reader = await reading(node);
    const uids = [node.status("a").uid];
    await node.remove("a");
    await node.settled("a");
    uids.push(node.status("a").uid);
    await node.remove("a");

    const deleted = reader.events.filter((one) => one.kind === "deleted");
    expect(deleted.map((one) => one.uid)).toEqual(uids);
  });

  it("of a state tells when a workload leaves it, also to who resumes", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    const reader = await reading(node, { states: ["running"] });
    const left = await reading(node, { states: ["running"] });
    left.leave();

    await node.want("a", "stopped");

    expect(reader.texts.at(-1)).toBe("deleted a");
    const again = await reading(node, { states: ["running"], resumeToken: left.lastToken });
    expect(again.texts).toEqual(["deleted a", "synced false"]);
  });

  it("disconnects a reader that does not keep up, never skips for it, and lets it resume", async () => {
    const node = await SimulatedNode.start({ policy: { watchBufferMax: 8 } });
    await node.settled("a");
    const watch = node.api.watch({}, new AbortController().signal)[Symbol.asyncIterator]();
    const first = await watch.next();
    for (let at = 0; at < 12; at += 1) {
      await node.want("a", at % 2 === 0 ? "stopped" : "running");
    }
    const seen: WatchEvent[] = first.done === true ? [] : [first.value];

    const failure = await (async () => {
      for (;;) {
        const next = await watch.next();
        if (next.done === true) return "ended";
        seen.push(next.value);
        await node.after(31_000);
      }
    })().catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: "LIMIT_EXCEEDED", retryable: true });
    expect(seen.some((one) => one.kind === "bookmark")).toBe(false);
    const again = await reading(node, { resumeToken: seen.at(-1)?.resumeToken ?? "" });
    expect(again.texts.length).toBeGreaterThan(1);
  });

  it("sends a bookmark now and then while nothing changes", async () => {
    const node = await SimulatedNode.start();
    const reader = await reading(node);

    await node.after(61_000);

    expect(reader.texts).toEqual(["synced true", "bookmark", "bookmark"]);
  });

  it("ends with its reader's signal and leaves nothing behind, read on or not", async () => {
    const node = await SimulatedNode.start({ policy: { watchersMax: 3 } });
    const timers = node.clock.pendingTimers;
    for (let round = 0; round < 10; round += 1) {
      const reader = await reading(node);
      const gone = new AbortController();
      const idle = node.api.watch({}, gone.signal)[Symbol.asyncIterator]();
      await idle.next();
      reader.leave();
      gone.abort();
      await expect(reader.ended).resolves.toBeUndefined();
    }

    expect(node.clock.pendingTimers).toBe(timers);
    const born = new AbortController();
    born.abort();
    const events: WatchEvent[] = [];
    for await (const event of node.api.watch({}, born.signal)) events.push(event);
    expect(node.clock.pendingTimers).toBe(timers);
  });

  it("is not flooded by the progress of a prepare, nor told of it afterwards", async () => {
    const node = await SimulatedNode.start({ policy: { watchBufferMax: 32 } });
    const reader = await reading(node);
    node.attentive.talk = 1_000;

    await node.apply("a", serve);
    await node.after(15_000);

    expect(reader.texts.length).toBeLessThan(12);
    expect(reader.texts.at(-1)).toBe("changed a running");
    await node.want("a", "stopped");
    expect(node.status("a").message).toBe("stopped");
  });

  it("is refused beyond the most there may be", async () => {
    const node = await SimulatedNode.start({ policy: { watchersMax: 2 } });
    await reading(node);
    await reading(node);

    const third = await reading(node);

    await expect(third.ended).resolves.toMatchObject({ code: "LIMIT_EXCEEDED", retryable: true });
  });

  it("that was disconnected or outlives the engine holds no place and no timer, read on or not", async () => {
    const node = await SimulatedNode.start({ policy: { watchBufferMax: 4, watchersMax: 1 } });
    await node.settled("a");
    const idle = node.api.watch({}, new AbortController().signal)[Symbol.asyncIterator]();
    await idle.next();
    for (let at = 0; at < 8; at += 1) await node.want("a", at % 2 === 0 ? "stopped" : "running");

    const second = node.api.watch({}, new AbortController().signal)[Symbol.asyncIterator]();
    expect(await second.next()).toMatchObject({ value: { kind: "snapshot" } });
    await node.stop();

    expect(node.clock.pendingTimers).toBe(0);
  });

  it("ends with the engine", async () => {
    const node = await SimulatedNode.start();
    const reader = await reading(node);

    await node.stop();

    await expect(reader.ended).resolves.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("tells that a runtime cannot be read, and when it can again", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    const reader = await reading(node);

    node.world.setUnreachable(true);
    await node.after(40_000);
    node.world.setUnreachable(false);
    await node.after(60_000);

    const states = reader.texts.filter((one) => one.startsWith("changed"));
    expect(states).toEqual(["changed a unknown", "changed a running"]);
  });
});
