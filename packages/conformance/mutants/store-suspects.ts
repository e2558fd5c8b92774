import { referenceStoreHarness, stateStoreContract } from "@persys/conformance";
import { storeMutants } from "./stores/store-mutants.ts";
import type { StoreMutant } from "./stores/store-mutant.ts";
import type { Suspect } from "./suspect.ts";

function suspectOf({ harness, ...mutant }: StoreMutant): Suspect {
  return { kind: "store", ...mutant, cases: () => stateStoreContract(harness) };
}

/** Every broken store. */
export const storeSuspects: readonly Suspect[] = storeMutants.map(suspectOf);

/** The store that none of them has altered. */
export const soundStore: Suspect = {
  kind: "store",
  name: "reference store",
  cases: () => stateStoreContract(() => referenceStoreHarness()),
};
