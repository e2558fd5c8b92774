import { array, assert as check, boolean, constantFrom, nat, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogStream } from "../../src/docker/log-frames.ts";
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

/** One reading of the log as far as `end`, by an engine that knows times alone. */
function read(position: LogPosition, log: readonly Line[], end: number): readonly string[] {
  const since = position.sinceNs;
  position.beginPass(false);
  return log
    .slice(0, end)
    .filter((line) => since === undefined || line.atNs >= since)
    .filter((line) => position.take(line))
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
    position.take({ stream: "stdout", atNs: 100n * second });
    expect(position.sinceNs).toBe(90n * second);
    position.take({ stream: "stderr", atNs: 95n * second });
    expect(position.sinceNs).toBe(95n * second);
    position.take({ stream: "stderr", atNs: 120n * second });
    expect(position.sinceNs).toBe(100n * second);
  });

  it("leaves out what is older than asked for, but for the last lines that the engine picked", () => {
    const floorNs = 50n * second;
    const old = { stream: "stdout", atNs: 49n * second } as const;
    const position = new LogPosition(floorNs);
    expect(position.sinceNs).toBe(floorNs);
    position.beginPass(false);
    expect(position.take(old)).toBe(false);
    position.beginPass(true);

    expect(position.take(old)).toBe(true);
  });

  it("takes the lines that follow after the clock was set back", () => {
    const position = new LogPosition(undefined);
    position.take({ stream: "stdout", atNs: 100n * second });
    position.beginPass(false);
    expect(position.take({ stream: "stdout", atNs: 100n * second })).toBe(false);
    expect(position.take({ stream: "stdout", atNs: 101n * second })).toBe(true);

    expect(position.take({ stream: "stdout", atNs: 40n * second })).toBe(true);
  });
});
