import { Code } from "@connectrpc/connect";
import { silentLogger } from "@persys/core";
import {
  type AgentRpc,
  DenialLog,
  type Principal,
  RpcError,
  type WorkloadScope,
} from "@persys/transports";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { actionOf, FakeAgent, statusOf } from "../fake-agent.ts";
import { callAs, codeOf } from "./call-as.ts";
import { TestTime } from "./test-time.ts";

let agent: FakeAgent;

beforeEach(() => {
  agent = new FakeAgent();
  agent.put(statusOf("web-1", { labels: { team: "blue" } }));
  agent.put(statusOf("web-2", { labels: { team: "red" } }));
  agent.put(statusOf("db", { labels: { team: "blue" } }));
  agent.actionLog = ["web-1", "db", "gone"].map((id, at) =>
    actionOf(at + 1, { workloadId: statusOf(id).id }),
  );
});

const operator = (workloads: WorkloadScope): Principal => ({
  identity: "bob",
  role: "operator",
  workloads,
});

const call = (
  workloads: WorkloadScope,
  rpc: AgentRpc,
  request: Record<string, unknown> = {},
): Promise<unknown> => callAs(operator(workloads), { api: agent, rpc, request });

const webs = { ids: ["web-*"] };
const blues = { labels: { team: "blue" } };

const ofOne: readonly AgentRpc[] = [
  "applyWorkload",
  "deleteWorkload",
  "getWorkloadStatus",
  "getWorkload",
  "streamLogs",
  "retryWorkload",
  "explainWorkload",
];

describe("a caller who has to do with some workloads", () => {
  it.each([
    [webs, ["web-1", "web-2"]],
    [blues, ["db", "web-1"]],
    [{ ...webs, ...blues }, ["web-1"]],
    [{ ids: [] }, []],
    [{}, ["db", "web-1", "web-2"]],
  ])("%j sees only those in a list", async (workloads, ids) => {
    const answer = await call(workloads, "listWorkloads");

    expect(answer).toMatchObject({ workloads: ids.map((id) => ({ id })) });
  });

  it.each(ofOne)("may %s of those, and of no other", async (rpc) => {
    expect(await codeOf(call(webs, rpc, { id: "web-1" }))).not.toBe(Code.PermissionDenied);
    expect(await codeOf(call(webs, rpc, { id: "db" }))).toBe(Code.PermissionDenied);
    expect(await codeOf(call(blues, rpc, { id: "web-1" }))).not.toBe(Code.NotFound);
    expect(agent.applied.map(({ id }) => id)).not.toContain("db");
  });

  it.each(ofOne)("learns nothing by %s of an id that is not its own", async (rpc) => {
    const there = await call(webs, rpc, { id: "db" }).catch((error: unknown) => error);
    agent.statuses.delete("db");
    const gone = await call(webs, rpc, { id: "db" }).catch((error: unknown) => error);

    expect(there).toMatchObject({ status: { code: Code.PermissionDenied } });
    expect(gone).toEqual(there);
  });

  it.each(ofOne.filter((rpc) => rpc !== "applyWorkload"))(
    "learns nothing by %s of a workload whose labels are another's",
    async (rpc) => {
      const asked = async (): Promise<unknown> => {
        const looks = vi.spyOn(agent, "status");
        const answer = await call(blues, rpc, { id: "web-2" }).catch((error: unknown) =>
          error instanceof RpcError ? error.status : error,
        );
        const { length } = looks.mock.calls;
        looks.mockRestore();
        return { answer, looks: length, callers: agent.callers.length };
      };

      const there = await asked();
      agent.statuses.delete("web-2");
      const gone = await asked();

      expect(gone).toEqual(there);
      expect(there).toHaveProperty("looks", 1);
    },
  );

  it("is noted where it asked for one whose labels are another's, and not where there is none", async () => {
    const denials = new DenialLog({ clock: new TestTime(), logger: silentLogger });
    const as = operator(blues);

    for (const id of ["web-2", "none"]) {
      for (const rpc of ["getWorkload", "deleteWorkload"] as const) {
        await codeOf(callAs(as, { api: agent, rpc, request: { id }, denials }));
      }
    }

    expect(denials.list()).toMatchObject(
      ["GetWorkload", "DeleteWorkload"].map((method) => ({
        identity: "bob",
        method,
        reason: "OUT_OF_SCOPE",
        workloadId: "web-2",
        message: expect.stringContaining("none of the workloads that you may have to do with"),
      })),
    );
  });

  it("is told of no orphans but those whose ids are its own", async () => {
    expect(await call({ ids: ["lo*"] }, "healthCheck")).toMatchObject({
      orphans: ["process/lost"],
    });
    expect(await call(webs, "healthCheck")).toMatchObject({ orphans: [] });
    expect(await call(blues, "healthCheck")).toMatchObject({ orphans: [] });
  });

  it("cannot take a workload over or give one away by its labels", async () => {
    const requestOf = (team: string): Record<string, unknown> => ({
      spec: { spec: { case: "process", value: { command: ["true"], labels: { team } } } },
    });

    expect(await codeOf(call(blues, "applyWorkload", { id: "new", ...requestOf("blue") }))).toBe(
      undefined,
    );
    const given = call(blues, "applyWorkload", { id: "web-1", ...requestOf("red") });
    expect(await codeOf(given)).toBe(Code.PermissionDenied);
    const taken = call(blues, "applyWorkload", { id: "web-2", ...requestOf("blue") });
    expect(await codeOf(taken)).toBe(Code.PermissionDenied);
    expect(agent.applied.map(({ id }) => id)).toEqual(["new"]);
  });

  it.each([
    [webs, ["web-1"]],
    [blues, ["web-1", "db"]],
  ])("%j sees only their history", async (workloads, ids) => {
    expect(await call(workloads, "listActions")).toMatchObject({
      actions: ids.map((workloadId) => ({ workloadId })),
    });
    const one = await call(workloads, "listActions", { limit: 1 });
    expect(one).toMatchObject({ actions: ids.slice(0, 1).map((workloadId) => ({ workloadId })) });
  });

  it.each([
    ["web-*", "web-", true],
    ["web-*", "web", false],
    ["*", "anything", true],
    ["*-9", "web-9", true],
    ["a*a", "a", false],
    ["a*b*c", "a.b.c", true],
    ["a*b*c", "a.c.b", false],
    ["web", "web-1", false],
    ["we.", "web", false],
  ])("by ids like %s has to do with %s: %s", async (pattern, id, fits) => {
    const code = await codeOf(call({ ids: [pattern] }, "getWorkloadStatus", { id }));

    expect(code).toBe(fits ? Code.NotFound : Code.PermissionDenied);
  });
});
