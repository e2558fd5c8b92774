import {
  array,
  assert,
  constantFrom,
  nat,
  oneof,
  property,
  string,
  uint8Array,
  type Arbitrary,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { XdrError, type XdrType } from "@stellar/js-xdr";
import {
  domainEventMessages,
  type EventMessage,
  libvirtError,
  procedures,
} from "../../../src/libvirt/rpc/gen/protocol.ts";
import { text, uuid } from "../../../src/libvirt/rpc/xdr-types.ts";

describe("text", () => {
  it("reads what it has written", () => {
    const texts = string({ unit: "grapheme" }).filter((words) => !words.includes("\0"));
    assert(
      property(texts, (value) => {
        expect(text(10_000).decode(text(10_000).encode(value))).toBe(value);
      }),
    );
  });

  it("counts bytes, not characters", () => {
    expect(text(2).encode("ä")).toHaveLength(8);
    expect(() => text(1).encode("ä")).toThrow(XdrError);
  });

  it("writes no text that the daemon would take for ended before its end", () => {
    expect(() => text(10).encode("a\0b")).toThrow(XdrError);
  });

  it("reads names that are no UTF-8", () => {
    expect(text(10).decode(Uint8Array.of(0, 0, 0, 1, 0xff, 0, 0, 0))).toBe("\ufffd");
  });

  it("refuses a length beyond its limit without taking memory for it", () => {
    expect(() => text(16).decode(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toThrow(XdrError);
  });
});

describe("uuid", () => {
  it("is the usual 36 characters", () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, at) => at * 17);

    expect(uuid().decode(bytes)).toBe("00112233-4455-6677-8899-aabbccddeeff");
    expect(uuid().encode("00112233-4455-6677-8899-AABBCCDDEEFF")).toEqual(bytes);
  });

  it.each(["", "0011", "00112233-4455-6677-8899-aabbccddeefg"])("refuses %j", (words) => {
    expect(() => uuid().encode(words)).toThrow(XdrError);
  });
});

describe("what the daemon writes", () => {
  const schemas = [
    libvirtError,
    ...Object.values<{ readonly ret: XdrType<unknown> }>({ ...procedures }).map(({ ret }) => ret),
    ...Object.values<EventMessage<unknown>>({ ...domainEventMessages }).map(({ msg }) => msg),
  ] as readonly XdrType<unknown>[];

  it("is read, or refused as an XdrError, whatever its bytes", () => {
    assert(
      property(constantFrom(...schemas), anyBytes(), (schema, bytes) => {
        try {
          schema.decode(bytes);
        } catch (error) {
          if (!(error instanceof XdrError)) throw error;
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

/** Bytes as they may come from a daemon that is broken: words of small numbers are more likely to be understood. */
function anyBytes(): Arbitrary<Uint8Array> {
  const words = array(oneof(nat({ max: 8 }), nat({ max: 0xffff_ffff })), { maxLength: 24 }).map(
    (numbers) => {
      const bytes = Buffer.alloc(numbers.length * 4);
      for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, at * 4);
      return Uint8Array.from(bytes);
    },
  );
  return oneof(words, uint8Array({ maxLength: 96 }));
}
