import type { RuntimeMutant } from "../runtime-mutant.ts";
import { answerMutants } from "./answer-mutants.ts";
import { eventMutants } from "./event-mutants.ts";
import { glanceMutants } from "./glance-mutants.ts";
import { listMutants } from "./list-mutants.ts";
import { observeMutants } from "./observe-mutants.ts";
import { prepareMutants } from "./prepare-mutants.ts";
import { removeMutants } from "./remove-mutants.ts";
import { replaceMutants } from "./replace-mutants.ts";
import { restoreMutants } from "./restore-mutants.ts";
import { specMutants } from "./spec-mutants.ts";
import { startMutants } from "./start-mutants.ts";
import { stopMutants } from "./stop-mutants.ts";
import { surroundingsMutants } from "./surroundings-mutants.ts";

/** Every broken runtime that the contract's kit has to tell from a sound one. */
export const runtimeMutants: readonly RuntimeMutant[] = [
  ...specMutants,
  ...answerMutants,
  ...listMutants,
  ...glanceMutants,
  ...observeMutants,
  ...prepareMutants,
  ...startMutants,
  ...replaceMutants,
  ...restoreMutants,
  ...stopMutants,
  ...removeMutants,
  ...eventMutants,
  ...surroundingsMutants,
];
