import type { LogChunk } from "@persys/core";
import { describe, expect, it } from "vitest";
import { ChunkFlow, mergeByTime } from "../../src/compose/chunk-merge.ts";
import { LineLabels } from "../../src/compose/line-labels.ts";
import { textOf } from "../support/runtime-calls.ts";

function chunk(text: string, atMs = 0): LogChunk {
  return { stream: "stdout", data: Buffer.from(text), atMs };
}

async function* source(...chunks: readonly LogChunk[]): AsyncGenerator<LogChunk> {
  yield* chunks;
}

describe("LineLabels", () => {
  it("names each line once, also one that comes in pieces", () => {
    const labels = new LineLabels("web-1");
    const said = ["one\ntwo", " goes on\n", "\nlast"].flatMap((text) => [
      ...labels.add(chunk(text)),
    ]);
    expect(said.map(textOf).join("")).toBe(
      "web-1 | one\nweb-1 | two goes on\nweb-1 | \nweb-1 | last",
    );
  });

  it("keeps chunks within 64 KiB", () => {
    const lines = "x\n".repeat(30_000);
    const chunks = [...new LineLabels("web-1").add(chunk(lines))];
    expect(Math.max(...chunks.map((one) => one.data.byteLength))).toBeLessThanOrEqual(65_536);
    expect(
      chunks
        .map(textOf)
        .join("")
        .match(/web-1 \| x\n/g),
    ).toHaveLength(30_000);
  });
});

describe("mergeByTime", () => {
  it("puts what several sources say in the order of its time", async () => {
    const said: string[] = [];
    const sources = new Map([
      ["a", source(chunk("1", 1), chunk("4", 4))],
      ["b", source(chunk("2", 2), chunk("3", 3), chunk("5", 5))],
      ["c", source()],
    ]);
    for await (const { name, chunk: one } of mergeByTime(sources)) said.push(name + textOf(one));
    expect(said).toEqual(["a1", "b2", "b3", "a4", "b5"]);
  });
});

describe("ChunkFlow", () => {
  it("reads a source on only once what it gave was taken", async () => {
    const flow = new ChunkFlow(new AbortController().signal);
    let given = 0;
    async function* counted(): AsyncGenerator<LogChunk> {
      for (given = 1; given <= 3; given += 1) yield chunk(String(given));
    }
    flow.add("a", counted());
    const first = await flow.next(1_000);
    expect(first && textOf(first.chunk)).toBe("1");
    expect(given).toBeLessThanOrEqual(2);
    await flow.next(1_000);
    await flow.next(1_000);
    await flow.next(1_000);
    expect(flow.size).toBe(0);
  });

  it("passes on what a source fails with", async () => {
    const flow = new ChunkFlow(new AbortController().signal);
    async function* failing(): AsyncGenerator<LogChunk> {
      yield* [];
      throw new Error("it broke off");
    }
    flow.add("a", failing());
    await expect(flow.next(1_000)).rejects.toThrow("it broke off");
  });
});
