import type { ContractCase } from "./contract-case.ts";
import { lifecyclePromises } from "./runtime-contract-lifecycle.ts";
import { readingPromises } from "./runtime-contract-reading.ts";
import { replacementPromises } from "./runtime-contract-replacement.ts";
import { RuntimeStage } from "./runtime-contract-stage.ts";
import type { RuntimeSubject } from "./runtime-contract-subject.ts";
import { surroundingsPromises } from "./runtime-contract-surroundings.ts";

/**
 * The contract of `WorkloadRuntime`, one case for each promise. Every case makes a subject of its own with `factory` and disposes of it,
 * whatever comes of it.
 *
 *     for (const { title, run } of runtimeContract(makeSubject)) it(title, run);
 */
export function runtimeContract(factory: () => Promise<RuntimeSubject>): readonly ContractCase[] {
  const promises = [
    ...readingPromises,
    ...lifecyclePromises,
    ...replacementPromises,
    ...surroundingsPromises,
  ];
  return promises.map(({ id, level, title, check }) => ({
    id,
    clause: id,
    level,
    title,
    run: async () => {
      const subject = await factory();
      const failures: unknown[] = [];
      await check(new RuntimeStage(subject)).catch((error: unknown) => failures.push(error));
      await subject.dispose().catch((error: unknown) => failures.push(error));
      // A broken promise often leaves what cannot be cleared away; the promise is what matters then.
      if (failures.length > 0) throw failures[0];
    },
  }));
}
