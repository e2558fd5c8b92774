import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AesSecretSealer } from "../../../src/security/secrets/aes-secret-sealer.ts";
import type { SecretKey } from "../../../src/security/secrets/key-file.ts";

function key(id: string, fill: number): SecretKey {
  return { id, createdAt: "", secret: Buffer.alloc(32, fill).toString("base64") };
}

const sealer = new AesSecretSealer([key("k1", 1)], "/keys.json");
const unavailable: unknown = expect.objectContaining({
  code: "SECRET_UNAVAILABLE",
  retryable: true,
  effect: "none",
});

describe("a sealed text", () => {
  it("opens in its place, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (written, place) => {
        const text = written.toWellFormed();
        expect(sealer.unseal(sealer.seal(text, place), place)).toBe(text);
      }),
    );
  });

  it("never looks like another, not even of the same text", () => {
    const seals = Array.from({ length: 1_000 }, () => sealer.seal("same", "place"));

    expect(new Set(seals).size).toBe(1_000);
    expect(new Set(seals.map((sealed) => sealed.split(".")[2]?.slice(0, 16))).size).toBe(1_000);
    expect(seals[0]).toMatch(/^s1\.k1\.[\w-]+$/);
  });

  it("opens in no other place", () => {
    const sealed = sealer.seal("text", "place");

    expect(() => sealer.unseal(sealed, "place ")).toThrow(unavailable);
  });

  it("opens no more once any bit of it was changed, or it was cut", () => {
    const bytes = Buffer.from(sealer.seal("text", "place").split(".")[2] ?? "", "base64url");
    const opened: number[] = [];
    const tryOpen = (changed: Buffer, at: number): void => {
      try {
        sealer.unseal(`s1.k1.${changed.toString("base64url")}`, "place");
        opened.push(at);
      } catch (error) {
        expect(error).toEqual(unavailable);
      }
    };
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      tryOpen(changed, bit);
    }
    for (let length = 0; length < bytes.length; length += 1)
      tryOpen(bytes.subarray(0, length), length);

    expect(opened).toEqual([]);
  });

  it.each(["", "s1", "s1.k1", "s2.k1.AAAA", "no seal at all", "s1.k1.AAAA"])(
    "that is none (%j) does not open",
    (text) => {
      expect(() => sealer.unseal(text, "place")).toThrow(unavailable);
    },
  );
});

describe("several keys", () => {
  const rotated = new AesSecretSealer([key("k1", 1), key("k2", 2)], "/keys.json");

  it("open what each of them sealed; the last one seals", () => {
    const earlier = sealer.seal("text", "place");
    const current = rotated.seal("text", "place");

    expect(rotated.keyId).toBe("k2");
    expect(rotated.unseal(earlier, "place")).toBe("text");
    expect(rotated.unseal(current, "place")).toBe("text");
    expect([rotated.keyOf(earlier), rotated.keyOf(current), sealer.keyOf(current)]).toEqual([
      "earlier",
      "current",
      "missing",
    ]);
  });

  it("are told apart without decoding what is sealed, however long that is", () => {
    const sealed = rotated.seal("x".repeat(1_000_000), "place");
    const beganMs = performance.now();
    for (let count = 0; count < 20_000; count += 1) expect(sealer.keyOf(sealed)).toBe("missing");

    // A start asks it of every stored value: 20 GB would take many seconds to decode.
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect(["", "s1", "s1.k1", "s2.k1.AAAA", "s1.k2"].map((text) => rotated.keyOf(text))).toEqual([
      "missing",
      "missing",
      "earlier",
      "missing",
      "current",
    ]);
  });

  it("say which one is missing, and in which file", () => {
    expect(() => sealer.unseal(rotated.seal("text", "place"), "place")).toThrow(
      /key k2, which \/keys\.json does not have/,
    );
  });

  it("digest each in its own way, which is the same at all times", () => {
    expect(rotated.digest("text", "k1")).toBe(sealer.digest("text", "k1"));
    expect(rotated.digest("text", "k2")).not.toBe(rotated.digest("text", "k1"));
    expect(rotated.digest("text", "k1")).toMatch(/^[0-9a-f]{64}$/);
    expect(sealer.digest("text", "k2")).toBeUndefined();
  });

  it("digest as they always did: what is stored depends on it", () => {
    expect(sealer.digest("text", "k1")).toBe(
      "cc45b43eb3b20c0cff83ccb21f9c25027e19ff1d08b821ab20da85193cb43a95",
    );
    expect(sealer.unseal("s1.k1.JrfYqZFowjko03PEgQdMcdlgi7hXk_oa9bb455myDs8", "place")).toBe(
      "text",
    );
  });
});
