import type { ContractCase } from "./contract-case.ts";
import { batchRules } from "./store-contract/batch-rules.ts";
import { contentRules } from "./store-contract/content-rules.ts";
import { damageRules } from "./store-contract/damage-rules.ts";
import { ownershipRules } from "./store-contract/ownership-rules.ts";
import { StoreBench, type StateStoreHarness } from "./store-contract/store-bench.ts";

const rules = [...contentRules, ...batchRules, ...ownershipRules, ...damageRules];

/**
 * Every rule of the StateStore port, over storages that `openHarness` makes. Each case uses one of its own.
 */
export function stateStoreContract(
  openHarness: () => Promise<StateStoreHarness>,
): readonly ContractCase[] {
  return rules.map(({ id, level, title, check }) => ({
    id,
    clause: id,
    level,
    title,
    run: async () => {
      const bench = new StoreBench(await openHarness());
      try {
        await check(bench);
      } finally {
        await bench.dispose();
      }
    },
  }));
}
