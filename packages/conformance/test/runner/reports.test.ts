import { describe, expect, it } from "vitest";
import { ContractViolation } from "../../src/contract-violation.ts";
import { jsonReport } from "../../src/runner/json-report.ts";
import { junitReport } from "../../src/runner/junit-report.ts";
import type { Report } from "../../src/runner/report.ts";
import { runCases } from "../../src/runner/run-cases.ts";
import { shortTextReport, textReport, verdictLines } from "../../src/runner/text-report.ts";
import { aCase, brokenCase } from "./a-case.ts";

const expected = [
  { id: "known", because: "the engine cannot do it" },
  { id: "kept", because: "it was broken once" },
];

/** One case of every kind, with times and stacks that are always the same. */
async function sample(seed = 7): Promise<Report> {
  const report = await runCases(
    [
      aCase("kept"),
      aCase("kept-too", () => {}, { clause: "X-kept" }),
      aCase("broken", () => {
        throw new ContractViolation("it is not ]]> as it was", {
          sequence: ["start a", "stop \u001b[31ma"],
          expected: "stopped",
          seen: "running\n<since> & \u0007 long",
        });
      }),
      { ...brokenCase("recommended"), level: "SHOULD" },
      brokenCase("known"),
      aCase("unknown", ({ unjudged }) => unjudged("there is no way to look")),
    ],
    { contract: "x", subject: "./a-subject.js", seed },
  );
  return {
    ...report,
    kitVersion: "1.2.3",
    startedAt: "2026-01-31T08:00:00.000Z",
    endedAt: "2026-01-31T08:00:01.500Z",
    results: report.results.map(({ failure, ...result }) => ({
      ...result,
      durationMs: 12,
      ...(failure === undefined ? {} : { failure: { ...failure, stack: "Error\n    at here" } }),
    })),
  };
}

describe("textReport", () => {
  it("has a line for each clause, all about what is broken, and the sum", async () => {
    const lines = textReport(await sample(), {
      expected,
      replay: (seed, id) => `run --seed ${seed} --only ${id}`,
    });

    expect(`\n${lines.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      x contract, ./a-subject.js, seed 7 (kit 1.2.3)

      ✔ X-kept         MUST    promises kept (and 1 more)
      ✘ X-broken       MUST    promises broken
      ! X-recommended  SHOULD  promises recommended
      x X-known        MUST    promises known
      - X-unknown      MUST    promises unknown
                               unjudged: there is no way to look

      ✘ X-broken MUST: promises broken
        because:  it is not ]]> as it was
        sequence:
          1. start a
          2. stop \\x1b[31ma
        expected: stopped
        seen:     running
                  <since> & \\x07 long
        where:    at here
        case:     broken
        seed:     7, fails every time
        replay:   run --seed 7 --only broken

      ! warning: X-recommended SHOULD: promises recommended
        because:  it is broken
        where:    at here
        case:     recommended
        seed:     7, fails every time
        replay:   run --seed 7 --only recommended

      x as expected: X-known MUST: promises known
        expected to fail: the engine cannot do it
        because:  it is broken
        where:    at here
        case:     known
        seed:     7, fails every time
        replay:   run --seed 7 --only known

      6 cases in 1.5 s: 2 passed, 1 failed, 1 warning, 1 failed as expected, 1 unjudged
      "
    `);
  });

  it("colours what it says by how it stands", async () => {
    const lines = textReport(await sample(), {
      expected,
      paint: (standing, text) => `<${standing}>${text}</>`,
    });

    expect(lines).toContain(
      "<passed>✔ X-kept         MUST  </>  promises kept<faint> (and 1 more)</>",
    );
    expect(lines).toContain("<failed>✘ X-broken MUST: promises broken</>");
  });

  it("tells of an error that no case can be blamed for", async () => {
    const report = { ...(await sample()), strays: [{ message: "lost" }] };

    expect(textReport(report)).toContain(
      "✘ an error was handled by nobody, and no case can be blamed for it: lost",
    );
  });
});

describe("shortTextReport", () => {
  it("is one line for a run that is as it should be", async () => {
    const report = await runCases([aCase("kept")], { contract: "x", subject: "s", seed: 7 });

    expect(shortTextReport(report)).toEqual([
      expect.stringMatching(/^seed 7 {11}1 case in \d+\.\d s: 1 passed, 0 failed$/),
    ]);
  });
});

describe("verdictLines", () => {
  it("names what is to be taken off the list, and sums up several seeds", async () => {
    const lines = verdictLines([await sample(7), await sample(8)], { expected });

    expect(lines).toEqual([
      "✘ kept was expected to fail and passes: take it off the list (it was broken once)",
      "2 seeds, 7 to 8: 4 passed, 2 failed, 2 warnings, 2 failed as expected, 2 unjudged",
    ]);
  });

  it("has nothing to add to one run that is as it should be", async () => {
    const report = await runCases([aCase("kept")], { contract: "x", subject: "s", seed: 7 });

    expect(verdictLines([report])).toEqual([]);
  });
});

describe("jsonReport", () => {
  it("has the format that is documented", async () => {
    expect(jsonReport([await sample()], expected)).toMatchInlineSnapshot(`
      {
        "contract": "x",
        "format": "persys-conformance/1",
        "interrupted": false,
        "kept": false,
        "kitVersion": "1.2.3",
        "runs": [
          {
            "endedAt": "2026-01-31T08:00:01.500Z",
            "interrupted": false,
            "results": [
              {
                "clause": "X-kept",
                "durationMs": 12,
                "expectedBecause": "it was broken once",
                "id": "kept",
                "level": "MUST",
                "outcome": "passed",
                "standing": "passed",
                "title": "promises kept",
              },
              {
                "clause": "X-kept",
                "durationMs": 12,
                "id": "kept-too",
                "level": "MUST",
                "outcome": "passed",
                "standing": "passed",
                "title": "promises kept-too",
              },
              {
                "clause": "X-broken",
                "durationMs": 12,
                "failure": {
                  "expected": "stopped",
                  "message": "it is not ]]> as it was",
                  "rerun": "failed",
                  "seen": "running
      <since> &  long",
                  "sequence": [
                    "start a",
                    "stop [31ma",
                  ],
                  "stack": "Error
          at here",
                },
                "id": "broken",
                "level": "MUST",
                "outcome": "failed",
                "standing": "failed",
                "title": "promises broken",
              },
              {
                "clause": "X-recommended",
                "durationMs": 12,
                "failure": {
                  "message": "it is broken",
                  "rerun": "failed",
                  "stack": "Error
          at here",
                },
                "id": "recommended",
                "level": "SHOULD",
                "outcome": "failed",
                "standing": "warning",
                "title": "promises recommended",
              },
              {
                "clause": "X-known",
                "durationMs": 12,
                "expectedBecause": "the engine cannot do it",
                "failure": {
                  "message": "it is broken",
                  "rerun": "failed",
                  "stack": "Error
          at here",
                },
                "id": "known",
                "level": "MUST",
                "outcome": "failed",
                "standing": "expected",
                "title": "promises known",
              },
              {
                "because": "there is no way to look",
                "clause": "X-unknown",
                "durationMs": 12,
                "id": "unknown",
                "level": "MUST",
                "outcome": "unjudged",
                "standing": "unjudged",
                "title": "promises unknown",
              },
            ],
            "seed": 7,
            "startedAt": "2026-01-31T08:00:00.000Z",
            "strays": [],
          },
        ],
        "stale": [
          {
            "because": "it was broken once",
            "id": "kept",
          },
        ],
        "subject": "./a-subject.js",
        "tally": {
          "expected": 1,
          "failed": 1,
          "not-run": 0,
          "passed": 2,
          "unjudged": 1,
          "warning": 1,
        },
      }
    `);
  });
});

describe("junitReport", () => {
  it("is XML that other tools read", async () => {
    expect(`\n${junitReport([await sample()], expected)}\n`).toMatchInlineSnapshot(`
      "
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites tests="7" failures="2" errors="0" skipped="3">
        <testsuite name="x ./a-subject.js" timestamp="2026-01-31T08:00:00" time="1.5" tests="6" failures="1" errors="0" skipped="3">
          <properties>
            <property name="seed" value="7"/>
            <property name="kitVersion" value="1.2.3"/>
          </properties>
          <testcase classname="persys.x.kept" name="X-kept MUST: promises kept" time="0.012"/>
          <testcase classname="persys.x.kept-too" name="X-kept MUST: promises kept-too" time="0.012"/>
          <testcase classname="persys.x.broken" name="X-broken MUST: promises broken" time="0.012">
            <failure message="it is not ]]> as it was"><![CDATA[X-broken MUST: promises broken
        because:  it is not ]]]]><![CDATA[> as it was
        sequence:
          1. start a
          2. stop \\x1b[31ma
        expected: stopped
        seen:     running
                  <since> & \\x07 long
        where:    at here
        case:     broken
        seed:     7, fails every time

      Error
          at here]]></failure>
          </testcase>
          <testcase classname="persys.x.recommended" name="X-recommended SHOULD: promises recommended" time="0.012">
            <skipped/>
            <system-out><![CDATA[only recommended, and not kept
      X-recommended SHOULD: promises recommended
        because:  it is broken
        where:    at here
        case:     recommended
        seed:     7, fails every time]]></system-out>
          </testcase>
          <testcase classname="persys.x.known" name="X-known MUST: promises known" time="0.012">
            <skipped/>
            <system-out><![CDATA[fails as expected: the engine cannot do it
      X-known MUST: promises known
        because:  it is broken
        where:    at here
        case:     known
        seed:     7, fails every time]]></system-out>
          </testcase>
          <testcase classname="persys.x.unknown" name="X-unknown MUST: promises unknown" time="0.012">
            <skipped/>
            <system-out><![CDATA[unjudged: there is no way to look]]></system-out>
          </testcase>
        </testsuite>
        <testsuite name="expected failures" tests="1" failures="1" errors="0" skipped="0">
          <testcase classname="persys.expected-failures" name="kept fails as expected">
            <failure message="it passes: take it off the list (it was broken once)"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `);
  });
});
