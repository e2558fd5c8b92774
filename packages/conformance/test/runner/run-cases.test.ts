import assert from "node:assert/strict";
import { describe, expect, it } from "vitest";
import type { ContractCase } from "../../src/contract-case.ts";
import { ContractViolation } from "../../src/contract-violation.ts";
import { UnknownCaseError } from "../../src/runner/choose-cases.ts";
import { type CaseResult, isWarning, type Report } from "../../src/runner/report.ts";
import { runCases, type RunOptions, type RunProgress } from "../../src/runner/run-cases.ts";
import { aborted, aCase, brokenCase } from "./a-case.ts";

function run(cases: readonly ContractCase[], options: Partial<RunOptions> = {}): Promise<Report> {
  return runCases(cases, {
    contract: "x",
    subject: "a subject",
    seed: 7,
    graceMs: 100,
    ...options,
  });
}

/** Runs one case alone. */
async function resultOf(
  contractCase: ContractCase,
  options: Partial<RunOptions> = {},
): Promise<CaseResult> {
  const { results } = await run([contractCase], options);
  const [result] = results;
  assert.ok(result);
  return result;
}

describe("runCases", () => {
  it("tells what came of every case, in their order", async () => {
    const report = await run([
      aCase("kept"),
      brokenCase("broken"),
      aCase("unknown", ({ unjudged }) => unjudged("there is no way to look")),
    ]);

    expect(report).toMatchObject({
      contract: "x",
      subject: "a subject",
      kitVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
      seed: 7,
      interrupted: false,
      strays: [],
    });
    expect(report.results.map(({ id, outcome }) => [id, outcome])).toEqual([
      ["kept", "passed"],
      ["broken", "failed"],
      ["unknown", "unjudged"],
    ]);
    expect(report.results[2]).toMatchObject({
      clause: "X-unknown",
      level: "MUST",
      title: "promises unknown",
      because: "there is no way to look",
    });
    expect(Date.parse(report.endedAt)).toBeGreaterThanOrEqual(Date.parse(report.startedAt));
  });

  it("hands every case the seed", async () => {
    const seeds: number[] = [];

    await run([aCase("a", ({ seed }) => void seeds.push(seed))], { seed: 4_294_967_295 });

    expect(seeds).toEqual([4_294_967_295]);
  });

  it("tells sequence, expected and seen of a violation, with its cause", async () => {
    const cause = new Error("deep down");
    const { failure } = await resultOf(
      aCase("a", () => {
        throw new ContractViolation("it is not as it was", {
          sequence: ["start a", "stop a"],
          expected: { state: "stopped" },
          seen: new Map([["state", "running"]]),
          cause,
        });
      }),
    );

    expect(failure).toMatchObject({
      message: "it is not as it was",
      sequence: ["start a", "stop a"],
      expected: "{ state: 'stopped' }",
      seen: "Map(1) { 'state' => 'running' }",
    });
    expect(failure?.stack).toContain("caused by: Error: deep down");
  });

  it("tells expected and seen of an assertion of Node", async () => {
    const { failure } = await resultOf(aCase("a", () => assert.equal(1, 2)));

    expect(failure).toMatchObject({ expected: "2", seen: "1" });
  });

  it("tells of what was thrown and is no error", async () => {
    const notAnError: unknown = { odd: true };
    const { failure } = await resultOf(
      aCase("a", () => {
        throw notAnError;
      }),
    );

    expect(failure).toMatchObject({ message: "it threw { odd: true }" });
  });

  it("has a case failed that is unjudged and broken", async () => {
    const result = await resultOf(
      aCase("a", ({ unjudged }) => {
        unjudged("there is no way to look");
        throw new Error("it is broken");
      }),
    );

    expect(result.outcome).toBe("failed");
  });

  it("calls a broken SHOULD a warning", async () => {
    const report = await run([
      { ...brokenCase("should"), level: "SHOULD" },
      { ...brokenCase("must"), level: "MUST" },
      aCase("kept", () => {}, { level: "MAY" }),
    ]);

    expect(report.results.map(isWarning)).toEqual([true, false, false]);
  });

  describe("a case that fails", () => {
    it("is run again with its seed, and fails always", async () => {
      const seeds: number[] = [];
      const { failure } = await resultOf(
        aCase("a", ({ seed }) => {
          seeds.push(seed);
          throw new Error("it is broken");
        }),
      );

      expect(seeds).toEqual([7, 7]);
      expect(failure?.rerun).toBe("failed");
    });

    it("has failed although it passes when it is run again", async () => {
      let runs = 0;
      const result = await resultOf(
        aCase("a", () => {
          runs += 1;
          if (runs === 1) throw new Error("it is broken at times");
        }),
      );

      expect(result).toMatchObject({
        outcome: "failed",
        failure: { message: "it is broken at times", rerun: "passed" },
      });
    });
  });

  describe("a case that takes too long", () => {
    it("has failed, its signal aborts, and the others run", async () => {
      let isAborted = false;
      const report = await run(
        [
          aCase("slow", async ({ signal }) => {
            await aborted(signal);
            isAborted = true;
          }),
          aCase("next"),
        ],
        { caseTimeoutMs: 20 },
      );

      expect(isAborted).toBe(true);
      expect(report.results[0]?.failure?.message).toBe("it did not end within 0.02 s");
      expect(report.results[1]?.outcome).toBe("passed");
    });

    it("tells what it failed with once it was aborted", async () => {
      const { failure } = await resultOf(
        aCase("slow", async ({ signal }) => {
          await aborted(signal);
          throw new ContractViolation("waited in vain", { sequence: ["wait"] });
        }),
        { caseTimeoutMs: 20 },
      );

      expect(failure).toMatchObject({
        message: "it did not end within 0.02 s",
        sequence: ["wait"],
        stack: expect.stringContaining("waited in vain"),
      });
    });

    it("is left to itself when it does not end then either", async () => {
      const report = await run([aCase("stuck", () => new Promise(() => {})), aCase("next")], {
        caseTimeoutMs: 20,
        graceMs: 20,
      });

      expect(report.results[0]?.failure?.message).toBe(
        "it did not end within 0.02 s, nor within 0.02 s after its signal had aborted",
      );
      expect(report.results[1]?.outcome).toBe("passed");
    });
  });

  describe("a run that is ended", () => {
    it("lets what runs clear away and runs nothing more", async () => {
      const interrupt = new AbortController();
      let isCleared = false;
      const report = await run(
        [
          aCase("first"),
          aCase("running", async ({ signal }) => {
            interrupt.abort();
            await aborted(signal);
            isCleared = true;
          }),
          aCase("later"),
        ],
        { signal: interrupt.signal },
      );

      expect(isCleared).toBe(true);
      expect(report.interrupted).toBe(true);
      expect(report.results.map(({ outcome }) => outcome)).toEqual([
        "passed",
        "not-run",
        "not-run",
      ]);
      expect(report.results[2]?.because).toBe("interrupted");
    });

    it("blames no case that fails because of it", async () => {
      const interrupt = new AbortController();
      const result = await resultOf(
        aCase("running", async ({ signal }) => {
          interrupt.abort();
          await aborted(signal);
          throw new Error("cut off");
        }),
        { signal: interrupt.signal },
      );

      expect(result.outcome).toBe("not-run");
    });
  });

  describe("the choice", () => {
    const cases = [
      aCase("a", () => {}, { clause: "X-1" }),
      aCase("b", () => {}, { clause: "X-1", level: "SHOULD" }),
      aCase("c", () => {}, { clause: "X-2", level: "MAY" }),
    ];

    it.for<[Partial<RunOptions>, readonly string[]]>([
      [{ only: ["b"] }, ["b"]],
      [{ only: ["x-1"] }, ["a", "b"]],
      [{ only: ["c", "a"] }, ["a", "c"]],
      [{ level: "MUST" }, ["a"]],
      [{ level: "SHOULD" }, ["a", "b"]],
      [{ level: "MAY" }, ["a", "b", "c"]],
      [{ only: ["X-1"], level: "MUST" }, ["a"]],
    ])("%o leaves %o", async ([options, expected]) => {
      const report = await run(cases, options);

      expect(report.results.map(({ id }) => id)).toEqual(expected);
    });

    it("names the nearest case to one that is not there", async () => {
      const running = run([aCase("start-is-idempotent")], { only: ["start-is-idempotnet"] });

      await expect(running).rejects.toThrow(UnknownCaseError);
      await expect(running).rejects.toThrow("did you mean start-is-idempotent?");
    });
  });

  it("runs one case at a time unless told otherwise", async () => {
    const most = async (concurrency?: number): Promise<number> => {
      let running = 0;
      let highest = 0;
      const cases = Array.from({ length: 6 }, (_, index) =>
        aCase(`case-${index}`, async () => {
          running += 1;
          highest = Math.max(highest, running);
          await new Promise((resolve) => void setTimeout(resolve, 5));
          running -= 1;
        }),
      );
      await run(cases, concurrency === undefined ? {} : { concurrency });
      return highest;
    };

    expect(await most()).toBe(1);
    expect(await most(3)).toBe(3);
  });

  it("tells of every case that begins and ends", async () => {
    const told: RunProgress[] = [];

    await run([aCase("a"), brokenCase("b")], { onProgress: (progress) => told.push(progress) });

    expect(
      told.map((each) => [
        each.kind,
        each.contractCase.id,
        each.done,
        each.total,
        each.kind === "ended" ? each.result.outcome : undefined,
      ]),
    ).toEqual([
      ["begins", "a", 0, 2, undefined],
      ["ended", "a", 1, 2, "passed"],
      ["begins", "b", 1, 2, undefined],
      ["ended", "b", 2, 2, "failed"],
    ]);
  });
});
