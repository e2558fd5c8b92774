import type { CaseContext, ContractLevel } from "../contract-case.ts";
import type { ApiStage } from "./api-stage.ts";

/** Methods that servers of the contract as it first was do not have. */
type AddedMethod =
  | "ExplainWorkload"
  | "GetWorkload"
  | "RetryWorkload"
  | "StreamLogs"
  | "WatchWorkloads";

/** One promise of the API and the way to find out whether it is kept. */
export interface ApiRule {
  readonly id: string;
  /** The clause of docs/api-contract.md. */
  readonly clause: string;
  readonly level: ContractLevel;
  readonly title: string;
  /** It cannot be judged on a server that answers this method with UNIMPLEMENTED. */
  readonly needs?: AddedMethod;
  /** Resolves when the promise is kept. */
  readonly check: (stage: ApiStage, context: CaseContext) => Promise<void>;
}
