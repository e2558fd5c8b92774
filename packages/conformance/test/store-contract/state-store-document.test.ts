import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { referenceStoreHarness } from "../../src/reference-store/reference-store-harness.ts";
import { stateStoreContract } from "../../src/state-store-contract.ts";

const document = readFileSync(
  new URL("../../../../docs/state-store-contract.md", import.meta.url),
  "utf8",
);
const cases = stateStoreContract(() => referenceStoreHarness());

/** Clause and level of every heading of a clause, in order. */
const written = [
  ...document.matchAll(/^### (?<clause>ST-\d{3}) (?<level>MUST|SHOULD|MAY): /gm),
].map(({ groups }) => `${groups?.["clause"]} ${groups?.["level"]}`);

describe("docs/state-store-contract.md", () => {
  it("has the clauses that cases judge, with their levels, in order", () => {
    const judged = new Set(cases.map(({ clause, level }) => `${clause} ${level}`));

    expect(written).toEqual([...judged]);
  });

  it("has each clause once", () => {
    expect(new Set(written).size).toBe(written.length);
  });
});

describe("the cases of state stores", () => {
  it("have ids that differ", () => {
    const ids = cases.map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
  });
});
