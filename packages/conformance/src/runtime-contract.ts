import type { ContractCase } from "./contract-case.ts";
import { cancellationPromises } from "./runtime-contract/cancellation-promises.ts";
import { endPromises } from "./runtime-contract/end-promises.ts";
import { eventPromises } from "./runtime-contract/event-promises.ts";
import { exclusivityPromises } from "./runtime-contract/exclusivity-promises.ts";
import { idempotencePromises } from "./runtime-contract/idempotence-promises.ts";
import { lifecyclePromises } from "./runtime-contract/lifecycle-promises.ts";
import { logPromises } from "./runtime-contract/log-promises.ts";
import { neighbourPromises } from "./runtime-contract/neighbour-promises.ts";
import { outagePromises } from "./runtime-contract/outage-promises.ts";
import { ownershipPromises } from "./runtime-contract/ownership-promises.ts";
import { readingPromises } from "./runtime-contract/reading-promises.ts";
import { replacementPromises } from "./runtime-contract/replacement-promises.ts";
import { runtimeBench } from "./runtime-contract/runtime-bench.ts";
import type { RuntimeSubject } from "./runtime-contract/runtime-subject.ts";
import { sequencePromises } from "./runtime-contract/sequence-promises.ts";
import { specPromises } from "./runtime-contract/spec-promises.ts";
import { usagePromises } from "./runtime-contract/usage-promises.ts";

const promises = [
  ...specPromises,
  ...readingPromises,
  ...lifecyclePromises,
  ...endPromises,
  ...neighbourPromises,
  ...replacementPromises,
  ...ownershipPromises,
  ...idempotencePromises,
  ...exclusivityPromises,
  ...cancellationPromises,
  ...outagePromises,
  ...eventPromises,
  ...logPromises,
  ...usagePromises,
  ...sequencePromises,
];

/**
 * The contract of `WorkloadRuntime` (docs/runtime-contract.md): cases for all of its clauses that can be judged from outside. Every case
 * makes subjects of its own with `factory` and disposes of them, whatever comes of it.
 *
 *     for (const { title, run } of runtimeContract(makeSubject)) it(title, () => run(caseContext()));
 */
export function runtimeContract(factory: () => Promise<RuntimeSubject>): readonly ContractCase[] {
  return promises.map(({ id, clause, level, title, check }) => ({
    id,
    clause,
    level,
    title,
    run: (context) => {
      const bench = runtimeBench(factory, context);
      return bench.withStage((stage) => check(stage, bench));
    },
  }));
}
