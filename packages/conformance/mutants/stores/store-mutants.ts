import { batchMutants } from "./batch-mutants.ts";
import { contentMutants } from "./content-mutants.ts";
import { damageMutants } from "./damage-mutants.ts";
import { durabilityMutants } from "./durability-mutants.ts";
import { ownershipMutants } from "./ownership-mutants.ts";
import { spaceMutants } from "./space-mutants.ts";
import type { StoreMutant } from "./store-mutant.ts";

/** Every broken store that the contract's kit has to tell from a sound one. */
export const storeMutants: readonly StoreMutant[] = [
  ...contentMutants,
  ...batchMutants,
  ...durabilityMutants,
  ...ownershipMutants,
  ...damageMutants,
  ...spaceMutants,
];
