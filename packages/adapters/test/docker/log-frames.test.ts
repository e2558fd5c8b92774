import {
  array,
  assert as check,
  bigInt,
  constantFrom,
  integer,
  property,
  record,
  uint8Array,
} from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type LogFrame,
  LogFrameReader,
  logEntryOf,
  nanosecondsOf,
  secondsTextOf,
} from "../../src/docker/log-frames.ts";

const frames = array(
  record({
    stream: constantFrom("stdout" as const, "stderr" as const),
    data: uint8Array({ maxLength: 40 }),
  }),
  { maxLength: 20 },
);

function frameOf(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** Cuts bytes into pieces whose lengths repeat. */
function piecesOf(bytes: Buffer, lengths: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0, n = 0; from < bytes.length; n += 1) {
    const length = lengths[n % lengths.length] ?? bytes.length;
    pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return pieces;
}

function readAll(reader: LogFrameReader, pieces: readonly Buffer[]): readonly LogFrame[] {
  return pieces.flatMap((piece) => [...reader.push(piece)]);
}

describe("LogFrameReader", () => {
  it("finds the frames that were sent, wherever the pieces end", () => {
    const lengths = array(integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
    check(
      property(frames, lengths, (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.map((frame) => frameOf(frame.stream === "stdout" ? 1 : 2, frame.data)),
        );
        const reader = new LogFrameReader();
        const found = readAll(reader, piecesOf(bytes, cuts));

        expect(found.map((frame) => [frame.stream, [...frame.payload]])).toEqual(
          sent.map((frame) => [frame.stream, [...frame.data]]),
        );
        expect(reader.isInside).toBe(false);
      }),
    );
  });

  it("knows whether what it read ends inside a frame", () => {
    const frame = frameOf(1, Buffer.from("line"));
    for (let length = 0; length <= frame.length; length += 1) {
      const reader = new LogFrameReader();
      readAll(reader, [frame.subarray(0, length)]);

      expect(reader.isInside).toBe(length > 0 && length < frame.length);
    }
  });

  it("refuses what is no frame", () => {
    for (const bytes of [Buffer.from("HTTP/1.1"), Buffer.from([1, 0, 0, 0, 255, 0, 0, 0])])
      expect(() => readAll(new LogFrameReader(), [bytes])).toThrow("has no frames");
  });

  it("passes on what the engine says instead of output", () => {
    const frame = frameOf(3, Buffer.from("error grabbing logs: EOF\n"));

    expect(() => readAll(new LogFrameReader(), [frame])).toThrow("error grabbing logs: EOF");
  });
});

describe("logEntryOf", () => {
  it("takes exactly the time from before the data", () => {
    check(
      property(uint8Array({ maxLength: 60 }), (data) => {
        const time = "2026-11-21T21:25:01.154862677Z ";
        const payload = Buffer.concat([Buffer.from(time), data]);
        const entry = logEntryOf({ stream: "stderr", payload });

        expect(entry).toEqual({
          stream: "stderr",
          atNs: 1_795_296_301_154_862_677n,
          data: Buffer.from(data),
        });
      }),
    );
  });

  it("refuses data without a time", () => {
    for (const text of ["", "line\n", "2026-11-21 21:25:01 line", "2026-11-21T21:25:01Z"])
      expect(() => logEntryOf({ stream: "stdout", payload: Buffer.from(text) })).toThrow(
        "has no time",
      );
  });
});

describe("a time of a line", () => {
  it("is read in every form of RFC 3339", () => {
    const inUtc = nanosecondsOf("2026-11-21T21:25:01.000000001Z");
    expect(nanosecondsOf("2026-11-21T22:25:01.000000001+01:00")).toBe(inUtc);
    expect(nanosecondsOf("2026-11-21T21:25:01Z")).toBe((inUtc ?? 0n) - 1n);
    expect(nanosecondsOf("2026-11-21T21:25:01.5Z")).toBe((inUtc ?? 0n) - 1n + 500_000_000n);
    expect(nanosecondsOf("2026-13-41T21:25:01Z")).toBeUndefined();
  });

  it("is asked for as it was read", () => {
    const perSecond = 1_000_000_000n;
    check(
      property(bigInt({ min: 0n, max: 4_000_000_000n * perSecond }), (atNs) => {
        const [seconds = "", fraction = ""] = secondsTextOf(atNs).split(".");

        expect(fraction).toHaveLength(9);
        expect(BigInt(seconds) * perSecond + BigInt(fraction)).toBe(atNs);
      }),
    );
    expect(secondsTextOf(-1n)).toBe("0.000000000");
  });
});
