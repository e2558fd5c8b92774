import type { ContractCase } from "../../src/contract-case.ts";
import { ContractViolation } from "../../src/contract-violation.ts";
import { describeContract } from "../../src/runner/vitest.ts";
import { aCase } from "./a-case.ts";

const cases: readonly ContractCase[] = [
  {
    id: "kept",
    clause: "X-001",
    level: "MUST",
    title: "is kept",
    run: async () => {},
  },
  {
    id: "broken",
    clause: "X-002",
    level: "MUST",
    title: "is broken, as is known",
    run: async () => {
      throw new ContractViolation("two and two", { expected: 4, seen: 5 });
    },
  },
  {
    id: "unjudged",
    clause: "X-003",
    level: "MUST",
    title: "cannot be judged",
    run: async ({ unjudged }) => unjudged("there is nothing to judge"),
  },
];

describeContract("describeContract of vitest", cases, {
  unjudged: ["unjudged"],
  expectedFailures: ["broken"],
});

// Neither ends before the other has begun.
const begun = { first: Promise.withResolvers<void>(), second: Promise.withResolvers<void>() };
const together: readonly ContractCase[] = [
  aCase("first", () => {
    begun.first.resolve();
    return begun.second.promise;
  }),
  aCase("second", () => {
    begun.second.resolve();
    return begun.first.promise;
  }),
];

describeContract("describeContract of vitest, concurrently", together, {
  concurrent: true,
  timeoutMs: 5_000,
});
