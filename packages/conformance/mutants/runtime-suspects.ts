import { runtimeContract } from "@persys/conformance";
import { mutantSubject } from "./mutant-subject.ts";
import type { RuntimeMutant } from "./runtime-mutant.ts";
import { runtimeMutants } from "./runtimes/runtime-mutants.ts";
import type { Suspect } from "./suspect.ts";

function suspectOf({ make, ...mutant }: RuntimeMutant): Suspect {
  return { kind: "runtime", ...mutant, cases: () => runtimeContract(() => mutantSubject(make)) };
}

/** Every broken runtime. */
export const runtimeSuspects: readonly Suspect[] = runtimeMutants.map(suspectOf);

/** The runtime that none of them has altered. */
export const soundRuntime: Suspect = {
  kind: "runtime",
  name: "simulated runtime",
  cases: () => runtimeContract(() => mutantSubject((_world, real) => real)),
};
