import { apiContract, type ApiSubject } from "../../src/api-contract.ts";
import type { ContractCase } from "../../src/contract-case.ts";
import { startReferenceServer } from "./reference-server.ts";
import type { ServerMutant } from "./server-mutant.ts";
import { simulatedWorkloads } from "./simulated-workloads.ts";

/**
 * How long a server is waited for, in milliseconds. Workloads that are simulated come at once, on a machine that is not busy; what a broken server never
 * does is not waited for as long.
 */
const patience = { soundMs: 10_000, brokenMs: 4_000 } as const;

/**
 * The contract of the API held to a server that is broken as `mutant` says, or a sound one: each case with a server of its own. The cases of
 * the clause that has to notice come first.
 */
export function serverCases(
  mutant: Partial<ServerMutant> = {},
  way: Pick<ApiSubject, "protocol"> = { protocol: "grpc" },
): readonly ContractCase[] {
  const patienceMs = mutant.name === undefined ? patience.soundMs : patience.brokenMs;
  const contractAt = (endpoint: string, token: string): readonly ContractCase[] =>
    apiContract({ ...way, endpoint, token, workloads: simulatedWorkloads, patienceMs });
  const cases = contractAt("http://127.0.0.1:0", "").map(
    (contractCase, at): ContractCase => ({
      ...contractCase,
      run: async (context) => {
        const server = await startReferenceServer(mutant);
        try {
          await contractAt(server.endpoint, server.token)[at]?.run(context);
        } finally {
          await server.close();
        }
      },
    }),
  );
  const isHinted = ({ clause }: ContractCase): boolean => clause === mutant.clauseHint;
  return [...cases.filter(isHinted), ...cases.filter((one) => !isHinted(one))];
}
