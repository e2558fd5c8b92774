import type { CaseContext, ContractCase, ContractLevel } from "../contract-case.ts";
import type { StoreBench } from "./store-bench.ts";

/** A rule before it has a harness. */
export interface StoreRule extends Omit<ContractCase, "run"> {
  readonly check: StoreCheck;
}

/** Resolves when the rule is kept, throws when it is broken. */
type StoreCheck = (bench: StoreBench, context: CaseContext) => Promise<void>;

/** A rule of the clause `ST-<clause>`. Its id is `store-<id>`. */
function rule(level: ContractLevel) {
  return (name: `${string} ${string}`, title: string, check: StoreCheck): StoreRule => {
    const [clause = "", id = ""] = name.split(" ");
    return { id: `store-${id}`, clause, level, title, check };
  };
}

type RuleMaker = (name: `ST-${string} ${string}`, title: string, check: StoreCheck) => StoreRule;

/** A rule that every store keeps. Its name is that of the clause and its own: `ST-003 replace`. */
export const must: RuleMaker = rule("MUST");

/** A rule that a store keeps unless there are reasons not to. */
export const should: RuleMaker = rule("SHOULD");
