import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/** What this machine lacks that a suite needs, in words. */
export type Lack = string;

declare module "vitest" {
  interface TaskMeta {
    /** Of a suite that is skipped for it. */
    lacking?: Lack;
  }
}

/**
 * Ends a run with one line a script can read: `N passed, N failed, N skipped`. Before it come the names of the
 * suites and tests that were skipped because the machine lacks what they need.
 *
 * A file that cannot be loaded and an error outside any test count as one failure each. A run in
 * which no test ran is a failed run: a filter or a glob that matches nothing proves nothing.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const lacking: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[outcomeOf(test)] += 1;
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      lacking.push(...leftOutIn(module));
    }
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;

    // Printed as the process leaves, after what the other reporters have to say.
    process.once("exit", () => {
      const closing = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
      process.stdout.write(`${[...lacking, closing].join("\n")}\n`);
    });
  }
}

/** A line for each suite that was left out, with the tests in it. */
function leftOutIn(parent: TestModule | TestSuite): readonly string[] {
  return [...parent.children.suites()].flatMap((suite) => {
    const { lacking } = suite.meta();
    if (lacking === undefined) return leftOutIn(suite);
    const names = [...suite.children.allTests("skipped")].map((test) => `\n  ${test.name}`);
    return names.length === 0 ? [] : [`skipped, ${lacking}: ${suite.fullName}${names.join("")}`];
  });
}

function outcomeOf(test: TestCase): "passed" | "failed" | "skipped" {
  const { state } = test.result();
  // A test still pending when the run ends was cut short: it has not passed.
  return state === "pending" ? "failed" : state;
}
