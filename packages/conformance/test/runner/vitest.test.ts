import type { ContractCase } from "../../src/contract-case.ts";
import { ContractViolation } from "../../src/contract-violation.ts";
import { describeContract } from "../../src/runner/vitest.ts";

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
