import { serverCases } from "./servers/server-cases.ts";
import { serverMutants } from "./servers/server-mutants.ts";
import type { Suspect } from "./suspect.ts";

/** Every broken server. */
export const serverSuspects: readonly Suspect[] = serverMutants.map((mutant) => ({
  kind: "server",
  name: mutant.name,
  breaks: mutant.breaks,
  clauseHint: mutant.clauseHint,
  cases: () => serverCases(mutant),
}));

/** The server that none of them has altered. */
export const soundServer: Suspect = {
  kind: "server",
  name: "reference server",
  cases: () => serverCases(),
};
