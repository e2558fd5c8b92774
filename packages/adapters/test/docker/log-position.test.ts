import { array, assert as check, boolean, constantFrom, nat, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry, LogStream } from "../../src/docker/log-frames.ts";
import { LogPosition } from "../../src/docker/log-position.ts";

interface Line {
  readonly stream: LogStream;
  readonly atNs: bigint;
  readonly text: string;
}

const second = 1_000_000_000n;

/** A log as the engine writes it: the times of each stream never go back, those of both together may. */
const logs = array(tuple(constantFrom<LogStream>("stdout", "stderr"), nat(2), boolean()), {
  maxLength: 30,
}).map((lines): readonly Line[] => {
  const last: Record<LogStream, bigint> = { stdout: 1000n * second, stderr: 1000n * second };
  return lines.map(([stream, step, isLate], n) => {
    const latest = last.stdout > last.stderr ? last.stdout : last.stderr;
    const from = isLate ? last[stream] : latest;
    last[stream] = from + BigInt(step) * second;
    return { stream, atNs: last[stream], text: `line ${n}` };
  });
});

/** An entry of one line, unless told otherwise the only one of its kind. */
function entry(stream: LogStream, atSeconds: bigint, text = `${atSeconds}\n`): LogEntry {
  return { stream, atNs: atSeconds * second, data: Buffer.from(text) };
}

/** One reading of the log as far as `end`, by an engine that knows times alone. */
function read(position: LogPosition, log: readonly Line[], end: number): readonly string[] {
  const since = position.sinceNs;
  position.beginPass(false);
  return log
    .slice(0, end)
    .filter((line) => since === undefined || line.atNs >= since)
    .filter((line) => position.take({ ...line, data: Buffer.from(`${line.text}\n`) }))
    .map((line) => line.text);
}

describe("LogPosition", () => {
  it("repeats and loses no line, however often the reading breaks off while the log grows", () => {
    check(
      property(logs, array(nat(30), { maxLength: 8 }), (log, breaks) => {
        const position = new LogPosition(undefined);
        const ends = [...breaks.toSorted((a, b) => a - b), log.length];
        const found = ends.flatMap((end) => read(position, log, end));

        for (const stream of ["stdout", "stderr"]) {
          const wanted = log.filter((line) => line.stream === stream).map((line) => line.text);
          expect(found.filter((text) => wanted.includes(text))).toEqual(wanted);
        }
      }),
    );
  });

  it("asks only for what may be new", () => {
    const position = new LogPosition(undefined);
    expect(position.sinceNs).toBeUndefined();
    position.take(entry("stdout", 100n));
    expect(position.sinceNs).toBe(90n * second);
    position.take(entry("stderr", 95n));
    expect(position.sinceNs).toBe(95n * second);
    position.take(entry("stderr", 120n));
    expect(position.sinceNs).toBe(100n * second);
  });

  it("leaves out what is older than asked for, but for the last lines that the engine picked", () => {
    const floorNs = 50n * second;
    const position = new LogPosition(floorNs);
    expect(position.sinceNs).toBe(floorNs);
    position.beginPass(false);
    expect(position.take(entry("stdout", 49n))).toBe(false);
    position.beginPass(true);

    expect(position.take(entry("stdout", 49n))).toBe(true);
  });

  it("passes over what the engine sends again within one reading", () => {
    const position = new LogPosition(undefined);
    const piece = entry("stdout", 3n, "x".repeat(10));
    const sent = [
      entry("stdout", 1n),
      entry("stdout", 2n),
      piece,
      piece,
      entry("stdout", 2n),
      piece,
      piece,
      piece,
      entry("stdout", 4n),
      entry("stdout", 4n),
      entry("stdout", 5n),
    ];

    expect(sent.map((line) => position.take(line))).toEqual(
      [1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1].map(Boolean),
    );
  });

  it("takes the lines that follow after the clock was set back", () => {
    const position = new LogPosition(undefined);
    position.take(entry("stdout", 100n));
    expect(position.isBehind(entry("stdout", 40n))).toBe(true);
    expect(position.isBehind(entry("stderr", 40n))).toBe(false);
    position.startOver("stdout");
    expect(position.take(entry("stdout", 40n))).toBe(true);

    expect(position.isBehind(entry("stdout", 41n))).toBe(false);
    expect(position.take(entry("stdout", 41n))).toBe(true);
    expect(position.sinceNs).toBe(31n * second);
  });
});
