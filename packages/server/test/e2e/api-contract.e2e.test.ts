import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiContract, type ApiSubject } from "@persys/conformance/api";
import { describeContract } from "@persys/conformance/vitest";
import { afterAll, describe } from "vitest";
import { AgentProcess } from "../support/agent-process.ts";
import { endSessionsOf } from "../support/end-sessions.ts";

/** A real agent keeps every promise of its API, with real processes, over every protocol that it speaks. All cases share one agent. */
const devDir = mkdtempSync(join(tmpdir(), "persys-api-"));
const agent = AgentProcess.start({
  devDir,
  env: { PERSYS_SETTLE_TIME: "500ms", PERSYS_BACKOFF_BASE: "100ms" },
  endWithTest: false,
});
afterAll(async () => {
  await agent.kill("SIGKILL");
  await endSessionsOf(devDir);
  rmSync(devDir, { recursive: true, force: true });
});
const { http: endpoint } = await agent.waitReady();

interface Way extends Pick<ApiSubject, "protocol" | "httpVersion"> {
  /** The clauses that are judged over it. */
  readonly clauses: RegExp;
}

/** What comes of a request is the engine's: it is asked over one protocol. Streams, errors and the wire are judged over each. */
const ways: readonly Way[] = [
  { protocol: "grpc", httpVersion: "2", clauses: /^API-(?!1[34])/ },
  { protocol: "connect", httpVersion: "1.1", clauses: /^API-(?:08|09|1[1-4])/ },
  { protocol: "grpc-web", httpVersion: "1.1", clauses: /^API-(?:08|09|11|12|15)/ },
];

// At the same time: most of the time is spent waiting until workloads have stayed up.
describe("a real agent", () => {
  for (const { clauses, ...way } of ways) {
    const subject = { ...way, endpoint, token: agent.token(), patienceMs: 30_000 };
    const cases = apiContract(subject).filter(({ clause }) => clauses.test(clause));
    describeContract(`${way.protocol} over HTTP/${way.httpVersion ?? ""}`, cases, {
      timeoutMs: 120_000,
      concurrent: true,
      unjudged: [],
    });
  }
});
