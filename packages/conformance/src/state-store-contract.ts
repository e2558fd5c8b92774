import type { ContractCase } from "./contract-case.ts";
import { batchRules } from "./store-contract/batch-rules.ts";
import { contentRules } from "./store-contract/content-rules.ts";
import { damageRules } from "./store-contract/damage-rules.ts";
import { earlierRules } from "./store-contract/earlier-rules.ts";
import { fencingRules } from "./store-contract/fencing-rules.ts";
import { historyRules } from "./store-contract/history-rules.ts";
import { killRules } from "./store-contract/kill-rules.ts";
import { ownershipRules } from "./store-contract/ownership-rules.ts";
import { powerRules } from "./store-contract/power-rules.ts";
import { rawRules } from "./store-contract/raw-rules.ts";
import { remoteRules } from "./store-contract/remote-rules.ts";
import { spaceRules } from "./store-contract/space-rules.ts";
import type { StateStoreHarness } from "./store-contract/state-store-harness.ts";
import { StoreBench } from "./store-contract/store-bench.ts";
import { violationOf } from "./store-contract/violation-of.ts";

const rules = [
  ...contentRules,
  ...batchRules,
  ...historyRules,
  ...ownershipRules,
  ...powerRules,
  ...killRules,
  ...remoteRules,
  ...fencingRules,
  ...damageRules,
  ...rawRules,
  ...earlierRules,
  ...spaceRules,
].toSorted((one, other) => (one.clause < other.clause ? -1 : Number(one.clause > other.clause)));

/**
 * Every rule of the StateStore port, by the clauses of docs/state-store-contract.md, over storages that `openHarness` makes. Each case uses one
 * of its own, or several.
 */
export function stateStoreContract(
  openHarness: () => Promise<StateStoreHarness>,
): readonly ContractCase[] {
  return rules.map(({ check, ...rule }) => ({
    ...rule,
    run: async (context) => {
      try {
        await StoreBench.with(openHarness, (bench) => check(bench, context));
      } catch (error) {
        context.signal.throwIfAborted();
        throw violationOf(error);
      }
    },
  }));
}
