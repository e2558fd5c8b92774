import { referenceStoreHarness, type StateStoreHarness } from "@persys/conformance";

/** A store with one thing wrong, such as the author of a store might get wrong. */
export interface StoreMutant {
  /** Unique among the mutants of stores. */
  readonly name: string;
  /** What it does wrong, as a sentence about it. */
  readonly breaks: string;
  /** A clause of the contract that has to notice, among others. */
  readonly clauseHint: string;
  readonly harness: () => Promise<StateStoreHarness>;
}

type Options = NonNullable<Parameters<typeof referenceStoreHarness>[0]>;
type Parts = Omit<StoreMutant, "harness"> & Options;

/** The reference store with a class of its own. */
export function broken({ Store, Remote, ...mutant }: Parts): StoreMutant {
  const options = {
    ...(Store === undefined ? {} : { Store }),
    ...(Remote === undefined ? {} : { Remote }),
  };
  return { ...mutant, harness: () => referenceStoreHarness(options) };
}

/** The next turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
