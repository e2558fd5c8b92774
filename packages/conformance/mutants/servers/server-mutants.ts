import { applyMutants } from "./apply-mutants.ts";
import { errorMutants } from "./error-mutants.ts";
import { readMutants } from "./read-mutants.ts";
import type { ServerMutant } from "./server-mutant.ts";
import { streamMutants } from "./stream-mutants.ts";

/** Every broken server that the contract's kit has to tell from a sound one. */
export const serverMutants: readonly ServerMutant[] = [
  ...applyMutants,
  ...readMutants,
  ...streamMutants,
  ...errorMutants,
];
