import { Code } from "@connectrpc/connect";
import type { AgentRpc, Principal, WorkloadScope } from "@persys/transports";
import { beforeEach, describe, expect, it } from "vitest";
import { actionOf, FakeAgent, statusOf } from "../fake-agent.ts";
import { callAs, codeOf } from "./call-as.ts";

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
    for (const [workloads, own, other] of [
      [webs, "web-1", "db"],
      [blues, "web-1", "web-2"],
    ] as const) {
      expect(await codeOf(call(workloads, rpc, { id: own }))).not.toBe(Code.PermissionDenied);
      expect(await codeOf(call(workloads, rpc, { id: other }))).toBe(Code.PermissionDenied);
    }
    expect(agent.applied.map(({ id }) => id)).not.toContain("db");
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
