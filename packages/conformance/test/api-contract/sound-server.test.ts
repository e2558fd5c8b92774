import { apiContract, type ApiSubject } from "../../src/api-contract.ts";
import { describeContract } from "../../src/runner/vitest.ts";
import { afterAll, describe } from "vitest";
import {
  startReferenceServer,
  type ReferenceServer,
} from "../../mutants/servers/reference-server.ts";
import { simulatedWorkloads } from "../../mutants/servers/simulated-workloads.ts";

/** A sound server keeps every promise, over every protocol that it speaks. */
const server: ReferenceServer = await startReferenceServer();
afterAll(() => server.close());
interface Way extends Pick<ApiSubject, "protocol" | "httpVersion"> {
  /** The clauses that are judged over it. */
  readonly clauses: RegExp;
}

const ways: readonly Way[] = [
  { protocol: "grpc", httpVersion: "2", clauses: /^API-(?!1[34])/ },
  { protocol: "connect", httpVersion: "1.1", clauses: /^API-(?:08|1[1-4])/ },
];

describe("a sound server", () => {
  for (const { clauses, ...way } of ways) {
    const { endpoint, token } = server;
    const subject = { ...way, endpoint, token, workloads: simulatedWorkloads, patienceMs: 20_000 };
    const cases = apiContract(subject).filter(({ clause }) => clauses.test(clause));
    describeContract(`over ${way.protocol}`, cases, { concurrent: true, unjudged: [] });
  }
});
