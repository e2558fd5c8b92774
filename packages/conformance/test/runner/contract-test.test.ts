import assert from "node:assert/strict";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ContractCase } from "../../src/contract-case.ts";
import { ContractViolation } from "../../src/contract-violation.ts";
import { UnknownCaseError } from "../../src/runner/choose-cases.ts";
import {
  BrokenClauseError,
  ContractTests,
  type ContractTestOptions,
  type TestVerdict,
} from "../../src/runner/contract-test.ts";
import { aborted, aCase, brokenCase } from "./a-case.ts";

const kept = aCase("kept");
const unknown = aCase("unknown", ({ unjudged }) => unjudged("there is no way to look"));
const broken = aCase("broken", () => {
  throw new ContractViolation("two and two", { sequence: ["add"], expected: 4, seen: 5 });
});

function run(contractCase: ContractCase, options: ContractTestOptions = {}): Promise<TestVerdict> {
  const tests = new ContractTests([kept, unknown, broken, contractCase], options);
  return tests.run(contractCase, new AbortController().signal);
}

async function errorOf(running: Promise<unknown>): Promise<Error> {
  const error: unknown = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BrokenClauseError);
  return error;
}

describe("ContractTests", () => {
  it("passes what is kept and skips what cannot be judged, with the reason", async () => {
    expect(await run(kept)).toEqual({ kind: "passed" });
    expect(await run(unknown)).toEqual({ kind: "skipped", because: "there is no way to look" });
  });

  it("fails what is broken, with all there is to know, where it was noticed", async () => {
    const error = await errorOf(run(broken, { seed: 7 }));

    expect(error.message.split("\n")).toEqual(
      expect.arrayContaining([
        "X-broken MUST: promises broken",
        "  because:  two and two",
        "    1. add",
        "  expected: 4",
        "  seen:     5",
        "  seed:     7",
        "  replay:   set PERSYS_CONFORMANCE_SEED=7",
      ]),
    );
    expect(error.cause).toBeInstanceOf(ContractViolation);
    expect(error.stack?.split("\n").find((line) => line.startsWith("    at "))).toContain(
      "contract-test.test.ts",
    );
  });

  it("runs every case with the same seed, by chance when none is given", async () => {
    const seeds = new Set<number>();
    const noting = aCase("noting", ({ seed }) => void seeds.add(seed));
    const tests = new ContractTests([noting]);
    await tests.run(noting, new AbortController().signal);
    await tests.run(noting, new AbortController().signal);

    expect(seeds.size).toBe(1);
    await run(noting);
    expect(seeds.size).toBe(2);
  });

  it("fails what takes too long before the test runner does", async () => {
    const slow = aCase("slow", ({ signal }) => aborted(signal));
    const tests = new ContractTests([slow], { timeoutMs: 10 });

    const error = await errorOf(tests.run(slow, new AbortController().signal));

    expect(error.message).toContain("it did not end within 0.01 s");
    expect(tests.testTimeoutMs).toBeGreaterThan(4_000);
  });

  describe("with the list of what cannot be judged", () => {
    it("passes exactly that", async () => {
      expect(await run(unknown, { unjudged: ["unknown"] })).toEqual({ kind: "passed" });
      expect(await run(kept, { unjudged: ["unknown"] })).toEqual({ kind: "passed" });
    });

    it("fails what cannot be judged and is not on it", async () => {
      expect((await errorOf(run(unknown, { unjudged: [] }))).message).toBe(
        "it cannot be judged: there is no way to look",
      );
    });

    it("fails what can be judged and is on it", async () => {
      expect((await errorOf(run(kept, { unjudged: ["kept"] }))).message).toMatch(/take it off/);
    });
  });

  describe("with expected failures", () => {
    it("passes what fails as expected", async () => {
      expect(await run(broken, { expectedFailures: ["broken"] })).toEqual({ kind: "passed" });
    });

    it("fails what was expected to fail and passes", async () => {
      expect((await errorOf(run(kept, { expectedFailures: ["kept"] }))).message).toMatch(
        /it passes: take it off/,
      );
    });
  });

  describe("of a broken SHOULD", () => {
    const should: ContractCase = { ...brokenCase("should"), level: "SHOULD" };

    it("makes a skipped test that tells of it", async () => {
      expect(await run(should)).toMatchObject({
        kind: "skipped",
        because: expect.stringContaining("X-should SHOULD: promises should"),
      });
    });

    it("makes a failed one when that is asked for", async () => {
      await errorOf(run(should, { failOn: "SHOULD" }));
      await errorOf(run(should, { failOn: "MAY" }));
    });
  });

  it.for(["unjudged", "expectedFailures"] as const)(
    "names the nearest case to one in %s that is not there",
    (list) => {
      expect(() => new ContractTests([kept], { [list]: ["kpet"] })).toThrow(UnknownCaseError);
      expect(() => new ContractTests([kept], { [list]: ["kpet"] })).toThrow("did you mean kept?");
    },
  );

  it.each(["x", "-1", "7.5", "4294967296", "7 "])(
    "refuses %j as a seed of the environment: another run would be told as the wanted one",
    (seed) => {
      vi.stubEnv("PERSYS_CONFORMANCE_SEED", seed);
      onTestFinished(() => void vi.unstubAllEnvs());

      expect(() => new ContractTests([kept])).toThrow(
        `PERSYS_CONFORMANCE_SEED is ${JSON.stringify(seed)}, but must be a whole number up to 4294967295`,
      );
      expect(() => new ContractTests([kept], { seed: 1 })).not.toThrow();
    },
  );
});
