import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PullLine, pullLines } from "../../src/docker/image-pull-lines.ts";

/** A stream that comes in these chunks. */
async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

async function linesOf(...chunks: readonly Uint8Array[]): Promise<readonly PullLine[]> {
  return collected(streamOf(chunks));
}

async function collected(stream: AsyncIterable<Uint8Array>): Promise<readonly PullLine[]> {
  const lines: PullLine[] = [];
  for await (const line of pullLines(stream)) lines.push(line);
  return lines;
}

/** `bytes` cut at the given places, in whatever order they come. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((one) => one % (bytes.length + 1)), bytes.length];
  const sorted = at.toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

const line = fc.record(
  {
    status: fc.string({ unit: "grapheme" }),
    id: fc.string({ unit: "binary" }),
    progressDetail: fc.record(
      { current: fc.nat(), total: fc.nat() },
      { requiredKeys: [], noNullPrototype: true },
    ),
    error: fc.string({ unit: "grapheme" }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe("pullLines", () => {
  it("gives the lines that were sent, wherever the chunks begin and end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.constantFrom("\n", "\r\n"),
        fc.array(fc.nat(), { maxLength: 40 }),
        async (lines, separator, places) => {
          const text = lines.map((one) => JSON.stringify(one) + separator).join("");
          const bytes = Buffer.from(text);

          const read = await linesOf(...cut(bytes, places));

          expect(read).toEqual(lines);
        },
      ),
    );
  });

  it("leaves out what it does not know", async () => {
    const bytes = Buffer.from('{"status":"x","progress":"[=>  ]","aux":{"ID":"y"}}\n');

    expect(await linesOf(bytes)).toEqual([{ status: "x" }]);
  });

  it.each([
    ["a line that is not JSON", "oops\n"],
    ["JSON of another form", '{"status":1}\n'],
    ["JSON that is no object", "[]\n"],
  ])("fails at %s", async (_what, text) => {
    await expect(linesOf(Buffer.from(text))).rejects.toMatchObject({ code: "RUNTIME_ERROR" });
  });

  it("fails at a line that is too long", async () => {
    const bytes = Buffer.from(`{"status":"${"x".repeat(2_000_000)}"}\n`);

    await expect(linesOf(bytes)).rejects.toMatchObject({ code: "RUNTIME_ERROR" });
  });

  it("passes on what the stream throws", async () => {
    const failure = new Error("broken off");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"status":"x"}\n');
      throw failure;
    }

    await expect(collected(broken())).rejects.toBe(failure);
  });
});
