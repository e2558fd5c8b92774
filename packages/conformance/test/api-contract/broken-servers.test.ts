import { describe, expect, it } from "vitest";
import { serverCases } from "../../mutants/servers/server-cases.ts";
import { serverMutants } from "../../mutants/servers/server-mutants.ts";
import { attemptCase } from "../../src/runner/attempt-case.ts";

describe.concurrent("a broken server", () => {
  it.each(serverMutants.map((mutant) => [mutant.name, mutant] as const))(
    "%s is found out by the clause that it breaks",
    { timeout: 60_000 },
    async (_, mutant) => {
      const hinted = serverCases(mutant).filter(({ clause }) => clause === mutant.clauseHint);
      const { signal } = new AbortController();
      const outcomes = await Promise.all(
        hinted.map((one) => attemptCase(one, { seed: 1, signal, timeoutMs: 30_000 })),
      );

      const failed = outcomes.filter(({ outcome }) => outcome === "failed");

      expect(failed.length, `${mutant.breaks}: ${mutant.clauseHint}`).toBeGreaterThan(0);
      // A sentence of the kit, and not that something unforeseen went wrong.
      for (const { failure } of failed) expect(failure?.message).not.toBe("");
    },
  );
});
