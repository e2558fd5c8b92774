import { describe, expect, it } from "vitest";
import { caseContext } from "../../src/contract-case.ts";
import { referenceStoreHarness } from "../../src/reference-store/reference-store-harness.ts";
import { stateStoreContract } from "../../src/state-store-contract.ts";

const seeds = [1, 2, 3];

describe("ReferenceStateStore", () => {
  for (const { id, clause, level, title, run } of stateStoreContract(() =>
    referenceStoreHarness(),
  )) {
    it(`${clause} ${level} ${id}: ${title}`, async () => {
      const unjudged: string[] = [];
      for (const seed of seeds) {
        await run(caseContext({ seed, unjudged: (because) => unjudged.push(because) }));
      }
      expect(new Set(unjudged).size).toBeLessThanOrEqual(1);
    }, 60_000);
  }
});
