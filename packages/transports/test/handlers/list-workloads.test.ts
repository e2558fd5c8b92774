import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { silentLogger } from "@persys/core";
import { type CallContext, createAgentHandlers } from "@persys/transports";
import {
  ActualState,
  ListActionsRequestSchema,
  ListWorkloadsRequestSchema,
  StreamLogsRequestSchema,
  WatchWorkloadsRequestSchema,
  WorkloadType,
} from "@persys/transports/gen";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeAgent, statusOf } from "../fake-agent.ts";

const { signal } = new AbortController();
const call: CallContext = {
  principal: { identity: "test", role: "viewer" },
  caller: { identity: "alice" },
  signal,
  stopping: signal,
  remainingMs: () => undefined,
};

let agent: FakeAgent;

beforeEach(() => {
  agent = new FakeAgent();
  for (const id of ["a", "B", "c", "d.1", "e"]) agent.put(statusOf(id));
});

const handlers = () => createAgentHandlers({ api: agent, logger: silentLogger });
const list = (init: MessageInitShape<typeof ListWorkloadsRequestSchema>) =>
  handlers().listWorkloads(create(ListWorkloadsRequestSchema, init), call);

describe("ListWorkloads", () => {
  it("gives all in order of id", async () => {
    const { workloads, nextPageToken } = await list({});

    expect(workloads.map((one) => one.id)).toEqual(["B", "a", "c", "d.1", "e"]);
    expect(nextPageToken).toBe("");
  });

  it.each([[1], [2], [4], [5], [6]])(
    "gives every workload once in pages of %i",
    async (pageSize) => {
      const seen: string[] = [];
      let pageToken = "";
      for (let pages = 0; pages < 6; pages++) {
        const page = await list({ pageSize, pageToken });
        expect(page.workloads.length).toBeLessThanOrEqual(pageSize);
        seen.push(...page.workloads.map((one) => one.id));
        pageToken = page.nextPageToken;
        if (pageToken === "") break;
      }

      expect(seen).toEqual(["B", "a", "c", "d.1", "e"]);
    },
  );

  it("goes on in the right place when workloads come and go between pages", async () => {
    const { nextPageToken } = await list({ pageSize: 2 });
    agent.drop("a");
    agent.put(statusOf("A0"));
    agent.put(statusOf("b"));

    const { workloads } = await list({ pageSize: 2, pageToken: nextPageToken });

    expect(workloads.map((one) => one.id)).toEqual(["b", "c"]);
  });

  it("means any custom runtime by CUSTOM, one by its name", async () => {
    agent.put(statusOf("lamp-1", { type: "lamp" }));

    expect((await list({ type: WorkloadType.CUSTOM })).workloads.map((one) => one.id)).toEqual([
      "lamp-1",
    ]);
    await list({ runtime: "lamp" });
    expect(agent.filters.at(-1)).toEqual({ type: "lamp" });
  });

  it.each<[MessageInitShape<typeof ListWorkloadsRequestSchema>, string]>([
    [{ pageSize: -1 }, "page_size"],
    [{ pageToken: "zzz" }, "page_token"],
    [{ pageToken: "%%%" }, "page_token"],
    [{ type: 55 as never }, "type"],
    [{ states: [ActualState.RUNNING, 66 as never] }, "states[1]"],
    [{ type: WorkloadType.VM, runtime: "lamp" }, "runtime"],
  ])("refuses %j", async (init, field) => {
    await expect(list(init)).rejects.toMatchObject({
      status: { code: Code.InvalidArgument, fieldViolations: [{ field }] },
    });
  });
});

describe("other requests", () => {
  it.each<[MessageInitShape<typeof ListActionsRequestSchema>, string]>([
    [{ actionType: "apply" }, "action_type"],
    [{ status: "done" }, "status"],
    [{ limit: -1 }, "limit"],
  ])("ListActions refuses %j", async (init, field) => {
    const request = create(ListActionsRequestSchema, init);

    await expect(handlers().listActions(request, call)).rejects.toMatchObject({
      status: { code: Code.InvalidArgument, fieldViolations: [{ field }] },
    });
  });

  it("StreamLogs and WatchWorkloads refuse what they cannot read", async () => {
    const logs = handlers().streamLogs(
      create(StreamLogsRequestSchema, { id: "a", tailLines: -1 }),
      call,
    );
    const watch = handlers().watchWorkloads(
      create(WatchWorkloadsRequestSchema, { states: [99 as never] }),
      call,
    );

    await expect(first(logs)).rejects.toMatchObject({ status: { code: Code.InvalidArgument } });
    await expect(first(watch)).rejects.toMatchObject({ status: { code: Code.InvalidArgument } });
  });
});

async function first<T>(stream: AsyncIterable<T>): Promise<T | undefined> {
  for await (const one of stream) return one;
  return undefined;
}
