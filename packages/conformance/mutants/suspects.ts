import { runtimeSuspects, soundRuntime } from "./runtime-suspects.ts";
import { soundStore, storeSuspects } from "./store-suspects.ts";
import type { Suspect } from "./suspect.ts";

/** Everything broken that the kits have to tell from what is sound. */
export const mutants: readonly Suspect[] = [...runtimeSuspects, ...storeSuspects];

/** What nobody has broken. */
export const soundOnes: readonly Suspect[] = [soundRuntime, soundStore];
