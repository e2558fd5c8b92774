import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  envelopeBytes,
  openEnvelope,
  sealEnvelope,
} from "../../../src/shared/record-codec/envelope.ts";

const expected = { kind: "R", key: "web" };
const sealed = sealEnvelope({ ...expected, version: 1 }, JSON.stringify({ text: "ümläut" }));

function defectOf(bytes: Uint8Array, label = expected): string {
  const opened = openEnvelope(bytes, label);
  return opened.ok ? "none" : opened.defect.kind;
}

describe("an envelope", () => {
  it("gives back version and body", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ unit: "grapheme" }),
        fc.nat(65_535),
        (key, body, version) => {
          const opened = openEnvelope(sealEnvelope({ kind: "R", key, version }, body), {
            kind: "R",
            key,
          });

          expect(opened.ok && opened.value.version).toBe(version);
          expect(opened.ok && Buffer.from(opened.value.body).toString()).toBe(
            Buffer.from(body).toString(),
          );
        },
      ),
    );
  });

  it("notices every flipped bit", () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const bytes = Buffer.from(sealed);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);

      expect(openEnvelope(bytes, expected).ok, `bit ${bit}`).toBe(false);
    }
  });

  it("tells every truncation", () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(defectOf(sealed.subarray(0, length)), `${length} bytes`).toBe("truncated");
    }
  });

  it("tells a zeroed tail of any length", () => {
    for (let from = 0; from < sealed.length; from += 1) {
      const bytes = Buffer.from(sealed).fill(0, from);

      expect(["zeroed", "foreign", "damaged"], `from ${from}`).toContain(defectOf(bytes));
      if (from >= envelopeBytes) expect(defectOf(bytes), `from ${from}`).toBe("zeroed");
    }
    expect(defectOf(Buffer.alloc(100))).toBe("zeroed");
  });

  it("tells what was stored under another key or as another kind", () => {
    expect(defectOf(sealed, { kind: "R", key: "api" })).toBe("damaged");
    expect(defectOf(sealed, { kind: "A", key: "web" })).toBe("foreign");
    expect(defectOf(Buffer.from("a plain text of another program"))).toBe("foreign");
    expect(defectOf(Buffer.concat([sealed, Buffer.from("more")]))).toBe("damaged");
  });
});
