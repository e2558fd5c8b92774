import { describe, expect, it } from "vitest";
import { runtimeSuspects } from "../mutants/runtime-suspects.ts";
import { storeSuspects } from "../mutants/store-suspects.ts";
import { firstFinding, type Suspect } from "../mutants/suspect.ts";

const seed = 1;

/** Some take more than a moment, and what is broken may wait for what does not come. */
const timeoutMs = 60_000;

/** Held to the clause that is made for it, where one is; to the others as well, the command `conformance:mutants` holds them. */
async function assertCaught(suspect: Suspect): Promise<void> {
  const { breaks, clauseHint } = suspect;
  const finding = await firstFinding(suspect, seed, clauseHint);
  expect(finding, `${clauseHint ?? "no clause"} does not notice that ${breaks}`).toBeDefined();
}

describe("the contract of runtimes notices that", () => {
  it.each(runtimeSuspects)("$breaks ($name)", assertCaught, timeoutMs);
});

describe("the contract of stores notices that", () => {
  it.each(storeSuspects)("$breaks ($name)", assertCaught, timeoutMs);
});

it("has a name of its own for every mutant", () => {
  for (const suspects of [runtimeSuspects, storeSuspects]) {
    const names = suspects.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});
