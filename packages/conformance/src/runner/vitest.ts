import { describe, it } from "vitest";
import type { ContractCase } from "../contract-case.ts";
import { type ContractTestOptions, ContractTests } from "./contract-test.ts";

export type { ContractTestOptions } from "./contract-test.ts";

/**
 * The cases of a contract as tests of vitest, in a `describe` of their own.
 *
 *     describeContract("MyRuntime", runtimeContract(subject));
 *
 * @throws {UnknownCaseError} when the options name a case that is not there.
 */
export function describeContract(
  name: string,
  cases: readonly ContractCase[],
  options: ContractTestOptions = {},
): void {
  const tests = new ContractTests(cases, options);
  describe(name, () => {
    for (const contractCase of cases) {
      const { concurrent = false } = options;
      const settings = { timeout: tests.testTimeoutMs, concurrent };
      it(tests.titleOf(contractCase), settings, async (context) => {
        const verdict = await tests.run(contractCase, context.signal);
        if (verdict.kind === "skipped") context.skip(verdict.because);
      });
    }
  });
}
