import { array, assert as check, boolean, constantFrom, nat, property, record } from "fast-check";
import type { LogChunk } from "@persys/core";
import { describe, expect, it } from "vitest";
import { LogChunks } from "../../src/docker/log-chunks.ts";
import type { LogEntry, LogStream } from "../../src/docker/log-frames.ts";

const chunkBytesMax = 64 * 1024;

function entry(text: string, over: Partial<LogEntry> = {}): LogEntry {
  return { stream: "stdout", atNs: 0n, data: Buffer.from(text), ...over };
}

function textsOf(chunks: Iterable<LogChunk>): readonly string[] {
  return Array.from(chunks, (chunk) => Buffer.from(chunk.data).toString("latin1"));
}

describe("LogChunks", () => {
  it("holds every byte of each stream in order, in chunks of the largest size at most", () => {
    const pieces = array(
      record({
        stream: constantFrom<LogStream>("stdout", "stderr"),
        bytes: constantFrom(0, 1, 10, 16 * 1024, 70_000),
        hasEnd: boolean(),
        afterMs: nat(20),
      }),
      { maxLength: 30 },
    );
    check(
      property(pieces, (sent) => {
        const chunks = new LogChunks();
        const made: LogChunk[] = [];
        const wanted: Record<LogStream, string> = { stdout: "", stderr: "" };
        let atMs = 0;
        for (const [n, { stream, bytes, hasEnd, afterMs }] of sent.entries()) {
          atMs += afterMs;
          const text = String(n % 10).repeat(bytes) + (hasEnd ? "\n" : "");
          wanted[stream] += text;
          made.push(...chunks.add(entry(text, { stream, atNs: BigInt(atMs) * 1_000_000n })));
        }
        made.push(...chunks.all());

        for (const stream of ["stdout", "stderr"] as const)
          expect(textsOf(made.filter((chunk) => chunk.stream === stream)).join("")).toBe(
            wanted[stream],
          );
        for (const { data } of made) {
          expect(data.length).toBeGreaterThan(0);
          expect(data.length).toBeLessThanOrEqual(chunkBytesMax);
        }
      }),
    );
  });

  it("puts lines of one time and stream together, and no others", () => {
    const chunks = new LogChunks();
    const made = [
      entry("a\n"),
      entry("b\n", { atNs: 9_000_000n }),
      entry("c\n", { atNs: 30_000_000n }),
      entry("d\n", { atNs: 30_000_000n, stream: "stderr" }),
    ].flatMap((line) => [...chunks.add(line)]);

    expect(textsOf([...made, ...chunks.all()])).toEqual(["a\nb\n", "c\n", "d\n"]);
    expect(made.map((chunk) => chunk.atMs)).toEqual([0, 30]);
  });

  it("waits for the end of a line", () => {
    const chunks = new LogChunks();
    expect(textsOf(chunks.add(entry("begin")))).toEqual([]);
    expect(textsOf(chunks.lines())).toEqual([]);
    expect(textsOf(chunks.add(entry("end\n")))).toEqual([]);

    expect(textsOf(chunks.lines())).toEqual(["beginend\n"]);
  });
});
