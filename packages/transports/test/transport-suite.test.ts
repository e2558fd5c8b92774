import type { DescMethod, DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AgentError, errorCodes } from "@persys/core";
import { AgentService, ListWorkloadsResponseSchema } from "@persys/transports/gen";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rpcCodes } from "../src/mapping/error-codes.ts";
import { type ProtocolClient, rpc, served } from "./connect/protocol-clients.ts";
import { serve, type Serving } from "./connect/serving.ts";
import { eventually } from "./eventually.ts";
import { statusOf } from "./fake-agent.ts";

/** All that ask the agent something. */
const methods = AgentService.methods.filter(({ name }) => name !== "WhoAmI");
const streams = methods.filter(isStream);
const mebibyte = 1024 * 1024;
/** Thousands of calls and megabytes of statuses take a while on a busy machine. */
const timeout = 60_000;

/** One client of each protocol and version of HTTP, of each port. The others differ in their libraries alone. */
const ways = served.filter(([name]) =>
  /^(?:Connect JSON over|Connect binary over HTTP\/2|gRPC by|gRPC-Web by)/.test(name),
);

function isStream(method: DescMethod): method is DescMethodServerStreaming {
  return method.methodKind === "server_streaming";
}

/** A request of a method that breaks no rule. */
function requestOf(method: DescMethod): Record<string, string> {
  return method.input.fields.some(({ name }) => name === "id") ? { id: "web" } : {};
}

/** Makes a call of whatever kind, until its end. Returns the code of its error. */
async function codeOf(
  client: ProtocolClient,
  method: DescMethod,
  { timeoutMs, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<number | undefined> {
  try {
    if (isStream(method)) {
      for await (const answer of client.open(method, requestOf(method), signal, timeoutMs)) {
        expect(answer).toBeDefined();
      }
    } else {
      const unary = method as DescMethodUnary;
      await client.call(unary, requestOf(method), timeoutMs);
    }
    return undefined;
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    return typeof code === "number" ? code : ConnectError.from(error).code;
  }
}

describe.each(ways)("every method by %s", { timeout }, (_, { by, makeClient }) => {
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
    serving.agent.put(statusOf("web"));
  });

  it.each(methods.map((method) => [method.name, method] as const))(
    "ends with the code of each error: %s",
    async (_name, method) => {
      const seen: Record<string, number | undefined> = {};
      for (const code of errorCodes) {
        serving.agent.failure = new AgentError(code, "so it is");
        seen[code] = await codeOf(client, method);
      }

      expect(seen).toEqual(rpcCodes);
    },
  );

  it.each(streams.map((method) => [method.name, method] as const))(
    "ends a stream at its deadline: %s",
    async (_name, method) => {
      const request = { id: "web", follow: true };
      const stream = client.open(
        method,
        method.name === "StreamLogs" ? request : {},
        undefined,
        300,
      );
      const ended = (async () => {
        for await (const answer of stream) expect(answer).toBeDefined();
      })();

      await expect(ended).rejects.toMatchObject({ code: Code.DeadlineExceeded });
      await eventually(() => serving.agent.openStreams === 0);
    },
  );

  it("reads a request of just under 4 MiB, and refuses a larger one", async () => {
    const own = makeClient(serving.port);
    const ask = (length: number) => own.call(rpc.listWorkloads, { pageToken: "x".repeat(length) });

    await expect(ask(4 * mebibyte - 1_000)).rejects.toMatchObject({ code: Code.InvalidArgument });
    await expect(ask(4 * mebibyte + 1_000)).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
    own.close();
    const other = makeClient(serving.port);
    await other.call(rpc.healthCheck, {});
    other.close();
  });

  it("compresses, and reads what is compressed", async () => {
    const compressing = makeClient(serving.port, { gzip: true });
    for (let n = 0; n < 200; n += 1) serving.agent.put(statusOf(`w-${n}`));
    const id = "x".repeat(3_000);

    const { workloads } = await compressing.call(rpc.listWorkloads, {});
    const refused = compressing.call(rpc.deleteWorkload, { id: "web" });

    expect(workloads).toHaveLength(201);
    expect(await refused).toMatchObject({ existed: true });
    await expect(compressing.call(rpc.getWorkloadStatus, { id })).rejects.toThrow("not found");
    compressing.close();
  });
});

describe.each(ways)("a list of 10,000 workloads by %s", { timeout }, (_, { by, makeClient }) => {
  const count = 10_000;
  let serving: Serving;
  let client: ProtocolClient;

  beforeAll(async () => {
    serving = await serve({ by });
    client = makeClient(serving.port);
    for (let n = 0; n < count; n += 1) {
      const metadata = { "process.pid": String(n), note: "x".repeat(300) };
      serving.agent.put(statusOf(`w-${String(n).padStart(5, "0")}`, { metadata }));
    }
  });

  afterAll(async () => {
    client.close();
    await serving.transport.stop(1_000);
  });

  it.each([1_000, 10_000])(
    "comes in pages of at most %i that clients of gRPC take, each workload once",
    async (pageSize) => {
      const seen: string[] = [];
      let pageToken = "";
      do {
        const page = await client.call(rpc.listWorkloads, { pageSize, pageToken });
        expect(toBinary(ListWorkloadsResponseSchema, page).byteLength).toBeLessThan(4 * mebibyte);
        expect(page.workloads.length).toBeGreaterThan(0);
        seen.push(...page.workloads.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");

      expect(seen).toEqual([...serving.agent.statuses.keys()]);
    },
  );

  it("comes as a stream", async () => {
    const seen: string[] = [];
    const enough = new AbortController();
    for await (const { event } of client.open(rpc.watchWorkloads, {}, enough.signal)) {
      if (event.case === "snapshot") seen.push(event.value.id);
      if (event.case === "synced") break;
    }
    enough.abort();

    expect(seen).toHaveLength(count);
    await eventually(() => serving.agent.openStreams === 0);
  });
});
