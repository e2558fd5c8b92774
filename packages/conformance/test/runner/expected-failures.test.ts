import { describe, expect, it } from "vitest";
import {
  type ExpectedFailure,
  ExpectedFailuresError,
  parseExpectedFailures,
} from "../../src/runner/expected-failures.ts";
import type { Report } from "../../src/runner/report.ts";
import { runCases } from "../../src/runner/run-cases.ts";
import { judgeReports } from "../../src/runner/verdict.ts";
import type { ContractCase } from "../../src/contract-case.ts";
import { aCase, brokenCase } from "./a-case.ts";

const cases = [aCase("start-is-idempotent"), aCase("restore-brings-back")];

function problemsOf(text: string): readonly string[] {
  try {
    parseExpectedFailures(text, { file: "known.yaml", cases });
  } catch (error) {
    if (error instanceof ExpectedFailuresError) return error.problems;
    throw error;
  }
  return [];
}

describe("parseExpectedFailures", () => {
  it("reads ids and reasons", () => {
    const text = `
# What is known.
- id: restore-brings-back
  because: the engine cannot pause
- { id: start-is-idempotent, because: "ticket 12" }
`;

    expect(parseExpectedFailures(text, { file: "known.yaml", cases })).toEqual([
      { id: "restore-brings-back", because: "the engine cannot pause" },
      { id: "start-is-idempotent", because: "ticket 12" },
    ]);
  });

  it("reads an empty file as an empty list", () => {
    expect(parseExpectedFailures("# nothing\n", { file: "known.yaml", cases })).toEqual([]);
  });

  it("names the nearest case to one that is not there, and its place", () => {
    expect(
      problemsOf(
        "- id: start-is-idempotent\n  because: x\n- id: restore-bring-back\n  because: y\n",
      ),
    ).toEqual([
      "known.yaml:3:7: there is no case restore-bring-back; did you mean restore-brings-back?",
    ]);
  });

  it.for([
    [
      "- id: start-is-idempotent\n",
      /^known\.yaml:1:3: entry 1 because: it is missing, or no text$/,
    ],
    [
      "- id: start-is-idempotent\n  because: 7\n",
      /^known\.yaml:2:12: entry 1 because: it is missing, or no text$/,
    ],
    [
      "- start-is-idempotent\n",
      /^known\.yaml:1:3: entry 1: it has to be an entry with id and because$/,
    ],
    [
      "- id: start-is-idempotent\n  because: ' '\n",
      /^known\.yaml:2:12: entry 1 because: it is empty$/,
    ],
    [
      "- id: start-is-idempotent\n  because: x\n  until: y\n",
      /^known\.yaml:1:3: entry 1: until is unknown: an entry has id and because$/,
    ],
    ["id: start-is-idempotent\n", /^known\.yaml:1:1: the list has to be a sequence of entries$/],
    ["- id: [\n", /^known\.yaml:\d+:\d+: /],
    [
      "- id: start-is-idempotent\n  because: x\n- id: start-is-idempotent\n  because: y\n",
      /^known\.yaml:3:7: start-is-idempotent is in the list already$/,
    ],
  ] as const)("refuses %o", ([text, problem]) => {
    expect(problemsOf(text)).toHaveLength(1);
    expect(problemsOf(text)[0]).toMatch(problem);
  });
});

describe("judgeReports", () => {
  const known: readonly ExpectedFailure[] = [{ id: "a", because: "it is known" }];

  function run(contractCases: readonly ContractCase[], seed = 1): Promise<Report> {
    return runCases(contractCases, { contract: "x", subject: "s", seed });
  }

  it("has nothing against what fails as expected", async () => {
    const verdict = judgeReports([await run([brokenCase("a"), aCase("b")])], known);

    expect(verdict).toMatchObject({ kept: true, stale: [], tally: { expected: 1, passed: 1 } });
  });

  it("minds what fails and was not expected to", async () => {
    const verdict = judgeReports([await run([brokenCase("a"), brokenCase("b")])], known);

    expect(verdict).toMatchObject({ kept: false, tally: { expected: 1, failed: 1 } });
  });

  it("minds what was expected to fail and passes", async () => {
    const verdict = judgeReports([await run([aCase("a")])], known);

    expect(verdict).toMatchObject({ kept: false, stale: known });
  });

  it("leaves on the list what fails with one of the seeds", async () => {
    const reports = [await run([aCase("a")]), await run([brokenCase("a")], 2)];

    expect(judgeReports(reports, known)).toMatchObject({ kept: true, stale: [] });
  });

  it("leaves on the list what was not judged or not run", async () => {
    const unjudged = aCase("a", (context) => context.unjudged("there is no way to look"));

    expect(judgeReports([await run([unjudged])], known).stale).toEqual([]);
    expect(judgeReports([await run([aCase("b")])], known).stale).toEqual([]);
  });

  it("only warns of a broken SHOULD", async () => {
    const verdict = judgeReports([await run([{ ...brokenCase("b"), level: "SHOULD" }])], []);

    expect(verdict).toMatchObject({ kept: true, tally: { warning: 1, failed: 0 } });
  });

  it("minds errors that no case can be blamed for", async () => {
    const report = { ...(await run([aCase("b")])), strays: [{ message: "lost" }] };

    expect(judgeReports([report], []).kept).toBe(false);
  });
});
