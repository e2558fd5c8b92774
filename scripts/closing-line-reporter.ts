import type { Reporter, TestCase, TestModule } from "vitest/node";

/**
 * Ends a run with one line a script can read: `N passed, N failed, N skipped`.
 *
 * A file that cannot be loaded and an error outside any test count as one failure each. A run in
 * which no test ran is a failed run: a filter or a glob that matches nothing proves nothing.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[outcomeOf(test)] += 1;
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    }
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;

    // Printed as the process leaves, after what the other reporters have to say.
    process.once("exit", () => {
      process.stdout.write(
        `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
      );
    });
  }
}

function outcomeOf(test: TestCase): "passed" | "failed" | "skipped" {
  const { state } = test.result();
  // A test still pending when the run ends was cut short: it has not passed.
  return state === "pending" ? "failed" : state;
}
