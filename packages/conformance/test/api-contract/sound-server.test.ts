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
const ways: readonly Pick<ApiSubject, "protocol" | "httpVersion">[] = [
  { protocol: "grpc", httpVersion: "2" },
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "grpc-web", httpVersion: "1.1" },
];
for (const way of ways) {
  const { endpoint, token } = server;
  const subject = { ...way, endpoint, token, workloads: simulatedWorkloads, patienceMs: 10_000 };
  describe.concurrent("a sound server", () => {
    describeContract(`${way.protocol} over HTTP/${way.httpVersion}`, apiContract(subject));
  });
}
