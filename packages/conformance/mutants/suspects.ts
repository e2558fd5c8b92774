import { runtimeSuspects, soundRuntime } from "./runtime-suspects.ts";
import { serverSuspects, soundServer } from "./server-suspects.ts";
import { soundStore, storeSuspects } from "./store-suspects.ts";
import type { Suspect } from "./suspect.ts";

/** Everything broken that the kits have to tell from what is sound. */
export const mutants: readonly Suspect[] = [
  ...runtimeSuspects,
  ...storeSuspects,
  ...serverSuspects,
];

/** What nobody has broken. */
export const soundOnes: readonly Suspect[] = [soundRuntime, soundStore, soundServer];
