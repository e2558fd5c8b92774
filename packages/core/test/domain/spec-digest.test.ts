import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/domain/canonical-json.ts";
import type { Json } from "../../src/domain/json.ts";
import { derivedRevisionId, specDigest } from "../../src/domain/spec-digest.ts";

const anyJson: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);

describe("canonical JSON", () => {
  it("sorts keys by code unit at every depth and leaves white space out", () => {
    expect(canonicalJson({ b: 1, a: { d: [1, 2], c: null }, B: "x", é: true })).toBe(
      '{"B":"x","a":{"c":null,"d":[1,2]},"b":1,"é":true}',
    );
  });

  it("leaves absent members out, and nothing else", () => {
    expect(canonicalJson({ a: undefined, b: null, c: "", d: [], e: {}, f: 0, g: false })).toBe(
      '{"b":null,"c":"","d":[],"e":{},"f":0,"g":false}',
    );
  });

  it("keeps the order of lists", () => {
    expect(canonicalJson(["b", "a"])).toBe('["b","a"]');
  });

  it("reads back as the same data", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  it("is the same text for the same data however it was written", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anyJson), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });
});

describe("the digest of a spec", () => {
  it("is SHA-256 of the canonical JSON behind the version of its algorithm", () => {
    expect(specDigest({ a: 1 })).toBe(
      "v1:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
    );
  });

  it("is made by the algorithm that made the digest it is compared with", () => {
    const stored = specDigest({ a: 1 });
    expect(specDigest({ a: 1 }, stored)).toBe(stored);
  });

  it.each(["v9:00", "toString:00", "constructor:00", "", "none"])(
    "is made by the current algorithm where %j names none",
    (like) => {
      expect(specDigest({ a: 1 }, like)).toBe(specDigest({ a: 1 }));
    },
  );

  it("names a revision that came without a name by its first 24 hex digits", () => {
    expect(derivedRevisionId(specDigest({ a: 1 }))).toBe("015abd7f5cc57a2dd94b7590");
  });
});
