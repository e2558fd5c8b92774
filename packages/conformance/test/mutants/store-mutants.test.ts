import { describe, expect, it } from "vitest";
import { soundStore, storeSuspects } from "../../mutants/store-suspects.ts";
import { firstFinding } from "../../mutants/suspect.ts";

describe("the contract of state stores", () => {
  it.each(storeSuspects.map((suspect) => [suspect.name, suspect] as const))(
    "is broken by %s, in the clause that it is about",
    async (_, suspect) => {
      const { clauseHint } = suspect;

      expect(await firstFinding(suspect, 1, clauseHint)).toMatchObject({ clause: clauseHint });
    },
    60_000,
  );

  it("is kept by the least that can keep it", async () => {
    expect(await firstFinding(soundStore, 1)).toBeUndefined();
  }, 60_000);

  it("has broken stores whose names differ", () => {
    const names = storeSuspects.map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(40);
  });
});
