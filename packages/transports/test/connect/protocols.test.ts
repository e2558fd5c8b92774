import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { AgentError, type ErrorCode } from "@persys/core";
import {
  ActualState,
  ApplyWorkloadResponseSchema,
  DesiredState,
  ExplainWorkloadResponseSchema,
  LogStream,
  WorkloadType,
} from "@persys/transports/gen";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { actionOf, statusOf } from "../fake-agent.ts";
import { type ProtocolClient, rpc, served } from "./protocol-clients.ts";
import { serve, type Serving } from "./serving.ts";

describe.each(served)("%s", (_, { by, makeClient }) => {
  let serving: Serving;
  let client: ProtocolClient;

  beforeAll(async () => {
    serving = await serve({ by });
    client = makeClient(serving.port);
  });

  afterAll(async () => {
    client.close();
    await serving.transport.stop(1_000);
  });

  beforeEach(() => {
    serving.agent.failure = undefined;
    serving.agent.statuses.clear();
    serving.agent.filters.length = 0;
    serving.agent.applied.length = 0;
    serving.agent.callers.length = 0;
  });

  it("applies", async () => {
    const answer = await client.call(rpc.applyWorkload, {
      id: "web",
      revisionId: "r1",
      desiredState: DesiredState.STOPPED,
      spec: {
        spec: {
          case: "process",
          value: {
            command: ["sleep", "1"],
            env: { A: "" },
            resources: { memoryBytes: 5_000_000_000n },
          },
        },
      },
    });

    expect(answer).toMatchObject({ applied: true, skipped: false, message: "accepted" });
    expect(answer.status).toMatchObject({ id: "web", type: WorkloadType.PROCESS, generation: 3n });
    expect(serving.agent.applied).toEqual([
      {
        id: "web",
        type: "process",
        revisionId: "r1",
        desired: "stopped",
        spec: {
          command: ["sleep", "1"],
          env: { A: "" },
          resources: { memoryBytes: 5_000_000_000 },
        },
      },
    ]);
    expect(serving.agent.callers).toEqual([{ identity: "alice" }]);
  });

  it("deletes", async () => {
    serving.agent.put(statusOf("web"));

    expect(await client.call(rpc.deleteWorkload, { id: "web" })).toMatchObject({
      success: true,
      existed: true,
    });
    expect(await client.call(rpc.deleteWorkload, { id: "gone" })).toMatchObject({
      success: true,
      existed: false,
      message: "workload not found: gone",
    });
  });

  it("answers a status", async () => {
    serving.agent.put(statusOf("web", { actual: "running" }));

    const { status } = await client.call(rpc.getWorkloadStatus, { id: "web" });

    expect(status).toMatchObject({ actualState: ActualState.RUNNING, createdAt: 1_700_000_000n });
  });

  it("lists", async () => {
    serving.agent.put(statusOf("a"));
    serving.agent.put(statusOf("b"));

    const { workloads } = await client.call(rpc.listWorkloads, {
      type: WorkloadType.PROCESS,
      states: [ActualState.FAILED],
      labels: { app: "web" },
    });

    expect(workloads.map((one) => one.id)).toEqual(["a", "b"]);
    expect(serving.agent.filters).toEqual([
      { type: "process", states: ["failed"], labels: { app: "web" } },
    ]);
  });

  it("tells its health", async () => {
    expect(await client.call(rpc.healthCheck, {})).toMatchObject({
      healthy: true,
      version: "1.2.3",
      nodeId: "node-1",
      reasons: ["the reason of something"],
      runtimeStatus: { process: "healthy" },
      runtimeVersions: { process: "Linux 6.1" },
      cpuUtilization: 20.5,
      workloadCounts: { running: 2 },
      orphans: ["process/lost"],
    });
  });

  it("lists actions", async () => {
    serving.agent.actionLog = [actionOf(1)];

    const { actions } = await client.call(rpc.listActions, {
      workloadId: "web",
      limit: 5,
      newestFirst: true,
    });

    expect(actions).toMatchObject([
      { taskId: "apply-web-1", caller: "alice", endedAt: 1_700_000_009n },
    ]);
    expect(serving.agent.filters).toEqual([{ workloadId: "web", limit: 5, newestFirst: true }]);
  });

  it("shows a workload", async () => {
    serving.agent.put(statusOf("web"));

    const { spec, fallbackRevisionId } = await client.call(rpc.getWorkload, { id: "web" });

    expect(spec?.spec).toMatchObject({ case: "process", value: { env: { TOKEN: "<redacted>" } } });
    expect(fallbackRevisionId).toBe("r0");
  });

  it("retries", async () => {
    serving.agent.put(statusOf("web"));

    expect(await client.call(rpc.retryWorkload, { id: "web" })).toMatchObject({ accepted: true });
  });

  it("explains", async () => {
    serving.agent.put(statusOf("web"));

    const json = toJson(
      ExplainWorkloadResponseSchema,
      await client.call(rpc.explainWorkload, { id: "web" }),
    ) as JsonObject;

    expect(json).toMatchObject({
      wanted: { revisionId: "r1", specDigest: "v1:abc", desiredState: "DESIRED_STATE_RUNNING" },
      observed: [
        {
          handle: "h",
          kept: true,
          exit: "code 1",
          health: "WORKLOAD_HEALTH_UNHEALTHY",
          healthOutput: "connection refused",
          facts: { a: "b" },
        },
      ],
      next: { step: "wait", cause: "back-off", dueAt: "2023-11-14T22:13:20.500Z" },
      history: [{ at: "2023-11-14T22:13:20.250Z", outcome: "failed" }],
    });
  });

  it("watches, and is told when the watcher goes", async () => {
    serving.agent.put(statusOf("web"));
    const watching = new AbortController();
    const seen: unknown[] = [];

    const watch = (async () => {
      for await (const { event, resumeToken } of client.open(
        rpc.watchWorkloads,
        {},
        watching.signal,
      )) {
        seen.push([event.case, resumeToken]);
        if (event.case === "synced") serving.agent.put(statusOf("web", { actual: "running" }));
        if (event.case === "changed") serving.agent.drop("web");
        if (event.case === "deleted") watching.abort();
      }
    })();

    await expect(watch).rejects.toMatchObject({ code: Code.Canceled });
    expect(seen).toEqual([
      ["snapshot", "t0"],
      ["synced", "t1"],
      ["changed", "t-changed"],
      ["deleted", "t-deleted"],
    ]);
    await eventually(() => serving.agent.openStreams === 0);
  });

  it("streams logs, and stops reading them when the reader goes", async () => {
    serving.agent.put(statusOf("web"));
    serving.agent.logChunks = [
      { stream: "stdout", data: Buffer.from("one\n"), atMs: 1_700_000_000_123 },
      { stream: "stderr", data: Buffer.from("two\n") },
    ];
    const reading = new AbortController();
    const chunks: unknown[] = [];

    const read = (async () => {
      const request = { id: "web", follow: true, tailLines: 10 };
      for await (const chunk of client.open(rpc.streamLogs, request, reading.signal)) {
        chunks.push([chunk.stream, Buffer.from(chunk.data).toString(), chunk.receivedAt?.nanos]);
        if (chunks.length === 2) reading.abort();
      }
    })();

    await expect(read).rejects.toMatchObject({ code: Code.Canceled });
    expect(chunks).toEqual([
      [LogStream.STDOUT, "one\n", 123_000_000],
      [LogStream.STDERR, "two\n", undefined],
    ]);
    expect(serving.agent.filters).toEqual([{ follow: true, tailLines: 10 }]);
    await eventually(() => serving.agent.openStreams === 0);
  });

  it.each(Object.entries(expectedCodes))("answers %s with its code", async (code, expected) => {
    serving.agent.failure = new AgentError(code as ErrorCode, "what went wrong: é");

    const failed = client.call(rpc.healthCheck, {});

    await expect(failed).rejects.toMatchObject({ code: Code[expected] });
    if (code !== "INTERNAL") await expect(failed).rejects.toThrow("what went wrong: é");
  });

  it("ends a stream with the code of its error", async () => {
    serving.agent.failure = new AgentError("LIMIT_EXCEEDED", "the reader is too slow");

    await expect(collect(client.open(rpc.watchWorkloads, {}))).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  });

  it("names every violation of a spec", async () => {
    serving.agent.failure = new AgentError("INVALID_SPEC", "2 rules broken", {
      violations: [
        { path: ["resources", "memoryBytes"], rule: "must be at least 4194304", seen: "5" },
        { path: ["command"], rule: "is required" },
      ],
    });

    const failed = client.call(rpc.applyWorkload, {
      id: "web",
      spec: { spec: { case: "process", value: {} } },
    });

    await expect(failed).rejects.toMatchObject({ code: Code.InvalidArgument });
    await expect(failed).rejects.toThrow(
      "invalid spec: spec.process.resources.memory_bytes: must be at least 4194304 (got 5); spec.process.command: is required",
    );
  });

  it("keeps the words that existing clients look for", async () => {
    await expect(client.call(rpc.getWorkloadStatus, { id: "gone" })).rejects.toThrow(
      "status not found: workload not found: gone",
    );
    await expect(client.call(rpc.getWorkload, { id: "gone" })).rejects.toThrow(
      "workload not found: gone",
    );
  });

  it("refuses who is nobody, and asks the agent nothing", async () => {
    for (const token of ["", "wrong", "secre", "secrets"]) {
      const stranger = makeClient(serving.port, { token });
      await expect(stranger.call(rpc.applyWorkload, { id: "web" })).rejects.toMatchObject({
        code: Code.Unauthenticated,
      });
      await expect(collect(stranger.open(rpc.watchWorkloads, {}))).rejects.toMatchObject({
        code: Code.Unauthenticated,
      });
      stranger.close();
    }
    expect(serving.agent.applied).toEqual([]);
  });

  it("passes the trace on", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const traced = makeClient(serving.port, { headers: { traceparent } });

    await traced.call(rpc.deleteWorkload, { id: "web" });

    expect(serving.agent.callers).toEqual([{ identity: "alice", traceparent }]);
    traced.close();
  });

  it("answers a waiting apply once it has settled", async () => {
    const answer = client.call(rpc.applyWorkload, {
      id: "web",
      wait: true,
      spec: { spec: { case: "process", value: { command: ["x"] } } },
    });
    await eventually(() => serving.agent.openStreams === 1);
    serving.agent.put(statusOf("web", { actual: "failed", failure: failure(true) }));
    serving.agent.put(statusOf("web", { actual: "running" }));

    expect((await answer).status).toMatchObject({ actualState: ActualState.RUNNING });
    await eventually(() => serving.agent.openStreams === 0);
  });

  it("answers a waiting apply just before its deadline", async () => {
    const answer = await client.call(rpc.applyWorkload, { id: "web", wait: true }, 700);

    expect(toJson(ApplyWorkloadResponseSchema, answer)).toMatchObject({
      applied: true,
      message: "accepted; it has not settled within the wait",
      status: { actualState: "ACTUAL_STATE_PENDING" },
    });
  });

  it("gives up at the deadline of a call that does not end", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    serving.agent.applyGate = promise;

    await expect(client.call(rpc.applyWorkload, { id: "web" }, 200)).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    resolve();
    serving.agent.applyGate = Promise.resolve();
  });
});

function failure(retryable: boolean) {
  return { reason: "EXITED", message: "exit 1", retryable, atMs: 0, attempts: 1 } as const;
}

async function collect<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** Written out a second time: a change of the table has to be meant. */
const expectedCodes: Readonly<Record<ErrorCode, keyof typeof Code>> = {
  INVALID_REQUEST: "InvalidArgument",
  NOT_FOUND: "NotFound",
  REVISION_CONFLICT: "Aborted",
  GENERATION_CONFLICT: "Aborted",
  TYPE_MISMATCH: "FailedPrecondition",
  LIMIT_EXCEEDED: "ResourceExhausted",
  UNSUPPORTED: "Unimplemented",
  CANCELLED: "Canceled",
  INVALID_SPEC: "InvalidArgument",
  POLICY_DENIED: "FailedPrecondition",
  COMMAND_NOT_FOUND: "FailedPrecondition",
  PERMISSION_DENIED: "PermissionDenied",
  INSUFFICIENT_RESOURCES: "ResourceExhausted",
  STORAGE_ERROR: "Internal",
  NETWORK_ERROR: "Unavailable",
  PORT_CONFLICT: "FailedPrecondition",
  NAME_CONFLICT: "FailedPrecondition",
  IMAGE_NOT_FOUND: "FailedPrecondition",
  IMAGE_PULL_FAILED: "Unavailable",
  REGISTRY_UNAUTHORIZED: "FailedPrecondition",
  SECRET_UNAVAILABLE: "FailedPrecondition",
  VM_BOOT_FAILED: "Internal",
  NOT_PREPARED: "FailedPrecondition",
  RUNTIME_ERROR: "Internal",
  RUNTIME_UNAVAILABLE: "Unavailable",
  RUNTIME_NOT_REGISTERED: "FailedPrecondition",
  TIMEOUT: "Unavailable",
  STORE_UNAVAILABLE: "Unavailable",
  STORE_FULL: "ResourceExhausted",
  RECORD_CORRUPT: "DataLoss",
  OWNED_BY_OTHER: "Unavailable",
  OWNERSHIP_LOST: "Unavailable",
  INTERNAL: "Internal",
};
