import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "@persys/client/contract";
import { createNodeAgentClient } from "@persys/client/node";
import { expect, it } from "vitest";
import { AgentProcess } from "../support/agent-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const protocols = ["grpc", "connect"] as const;
type Protocol = (typeof protocols)[number];

/** An agent that knows callers by tokens of their names, and lets each call ten times at a stretch, over both ports together. */
async function startAgent(): Promise<{
  readonly agent: AgentProcess;
  readonly metrics: string;
  readonly as: (name: string, protocol: Protocol) => ReturnType<typeof createNodeAgentClient>;
}> {
  const devDir = tempFolder();
  mkdirSync(devDir, { recursive: true });
  const names = ["greedy", "modest", "admin"];
  const tokens = names.map((name) => ({
    name,
    sha256: createHash("sha256").update(name).digest("hex"),
  }));
  const rules = names.map((name) => ({
    who: [`token:${name}`],
    role: name === "admin" ? "admin" : "viewer",
  }));
  const accessFile = `${devDir}/access.yaml`;
  writeFileSync(accessFile, `${JSON.stringify({ rules, tokens })}\n...\n`);
  const env = {
    PERSYS_ACCESS_FILE: accessFile,
    PERSYS_CALLS_PER_SECOND: "1",
    PERSYS_CALLS_BURST: "10",
    PERSYS_REFUSED_CALLS_PER_SECOND: "1",
  };
  const agent = AgentProcess.start({ devDir, env });
  const { http, grpc, metrics } = await agent.waitReady();
  const as = (token: string, protocol: Protocol): ReturnType<typeof createNodeAgentClient> =>
    createNodeAgentClient({
      baseUrl: protocol === "grpc" ? `http://${grpc}` : http,
      protocol,
      token,
    });
  return { agent, metrics, as };
}

const failureOf = (answer: Promise<unknown>): Promise<ConnectError | undefined> =>
  answer.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error),
  );

it("a caller who calls too much is told to wait on both ports, and keeps nobody else from calling", async () => {
  const { agent, metrics, as } = await startAgent();
  const [grpc, connect] = protocols.map((protocol) => as("greedy", protocol));

  const failures = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      failureOf((at % 2 === 0 ? grpc : connect)?.whoAmI({}) ?? Promise.resolve()),
    ),
  );
  const refused = failures.filter((error) => error !== undefined);

  expect(failures.filter((error) => error === undefined).length).toBeGreaterThanOrEqual(10);
  expect(refused.length).toBeGreaterThan(100);
  for (const error of refused) {
    expect(error.code).toBe(Code.ResourceExhausted);
    const [retry] = error.findDetails(RetryInfoSchema);
    const waitMs =
      Number(retry?.retryDelay?.seconds) * 1_000 + (retry?.retryDelay?.nanos ?? 0) / 1e6;
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(1_000);
  }
  for (const protocol of protocols) {
    for (let count = 0; count < 4; count += 1) {
      expect(await as("modest", protocol).listWorkloads({})).toMatchObject({ workloads: [] });
    }
  }

  // Nobody known is told so a few times, then to wait; whoever is known calls from the same address as before.
  const strangers = [];
  for (let count = 0; count < 20; count += 1) {
    strangers.push((await failureOf(as("wrong", protocols[count % 2] ?? "grpc").whoAmI({})))?.code);
  }
  expect(new Set(strangers)).toEqual(new Set([Code.Unauthenticated, Code.ResourceExhausted]));
  expect(await as("modest", "grpc").whoAmI({})).toMatchObject({ identity: "token:modest" });

  const denied = await as("admin", "connect").listActions({ status: "denied" });
  expect(denied.actions).toContainEqual(
    expect.objectContaining({
      caller: "token:greedy",
      reason: "TOO_MANY_CALLS",
      count: BigInt(refused.length),
    }),
  );
  expect(denied.actions).toContainEqual(
    expect.objectContaining({ caller: "", address: "127.0.0.1", reason: "UNAUTHENTICATED" }),
  );
  const lines = agent.stderr.filter((line) => line.includes('"msg":"call denied"'));
  expect(lines.filter((line) => line.includes("token:greedy"))).toHaveLength(1);
  const measured = await (await fetch(`${metrics}/metrics`)).text();
  expect(measured).toContain(
    `persys_agent_calls_refused_total{reason="TOO_MANY_CALLS"} ${refused.length + strangers.filter((code) => code === Code.ResourceExhausted).length}`,
  );
});
