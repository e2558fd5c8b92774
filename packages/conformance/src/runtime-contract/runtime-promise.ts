import type { CaseContext, ContractLevel } from "../contract-case.ts";
import type { RuntimeStage } from "./runtime-stage.ts";

/** Makes stages besides the one that a case begins with. */
export interface RuntimeBench {
  readonly context: CaseContext;
  /** Does `work` on a stage with a subject of its own, and clears that away. @throws what the work throws, with what was done. */
  readonly withStage: <T>(work: (stage: RuntimeStage) => Promise<T>) => Promise<T>;
}

/** A promise of the contract before a factory of subjects is known. */
export interface RuntimePromise {
  readonly id: string;
  /** Of docs/runtime-contract.md. */
  readonly clause: string;
  readonly level: ContractLevel;
  readonly title: string;
  readonly check: (stage: RuntimeStage, bench: RuntimeBench) => Promise<void>;
}
