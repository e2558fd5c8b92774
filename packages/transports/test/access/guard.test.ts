import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { AgentError, silentLogger } from "@persys/core";
import {
  type AgentRpc,
  CallLimits,
  createAgentHandlers,
  DenialLog,
  type Principal,
} from "@persys/transports";
import { WatchWorkloadsRequestSchema } from "@persys/transports/gen";
import { beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { FakeAgent, statusOf } from "../fake-agent.ts";
import { callAs, callBy, codeOf } from "./call-as.ts";
import { TestTime } from "./test-time.ts";

const bob: Principal = { identity: "bob", role: "operator" };
const admin: Principal = { identity: "alice", role: "admin" };

let agent: FakeAgent;
let time: TestTime;
let denials: DenialLog;

beforeEach(() => {
  agent = new FakeAgent();
  agent.put(statusOf("web"));
  time = new TestTime();
  denials = new DenialLog({ clock: time, logger: silentLogger });
});

describe("guarded calls", () => {
  const call = (principal: Principal, limits: CallLimits, rpc: AgentRpc = "whoAmI") =>
    codeOf(callAs(principal, { api: agent, rpc, request: { id: "web" }, limits, denials }));

  it("that wait hold their place until they end, and streams leave it to them", async () => {
    const limits = new CallLimits({ rate: undefined, callsAtOnce: 1, streamsAtOnce: 1 }, time);
    const { promise, resolve } = Promise.withResolvers<void>();
    agent.applyGate = promise;
    const handlers = createAgentHandlers({ api: agent, logger: silentLogger, limits });
    const watching = new AbortController();
    const watched = { ...callBy(bob), signal: watching.signal };
    const events = handlers.watchWorkloads(create(WatchWorkloadsRequestSchema), watched);
    const watch = events[Symbol.asyncIterator]();
    await watch.next();

    const applying = call(bob, limits, "applyWorkload");
    await eventually(() => agent.applied.length === 1);
    expect(await call(bob, limits)).toBe(Code.ResourceExhausted);
    expect(await call(bob, limits, "streamLogs")).toBe(Code.ResourceExhausted);
    resolve();
    await applying;
    expect(await call(bob, limits)).toBeUndefined();
    await watch.return?.(undefined);
    expect(await call(bob, limits, "streamLogs")).toBeUndefined();
  });
});

describe("denied calls", () => {
  const listed = (principal: Principal, more: Readonly<Record<string, unknown>> = {}) =>
    callAs(principal, {
      api: agent,
      rpc: "listActions",
      request: { status: "denied", ...more },
      denials,
    });

  it("are noted by the reason that their caller is told", async () => {
    const viewer: Principal = { identity: "eve", role: "viewer" };
    const request = { id: "web" };
    await codeOf(callAs(viewer, { api: agent, rpc: "deleteWorkload", request, denials }));
    agent.failure = new AgentError("POLICY_DENIED", "no", {
      denials: [{ rule: "privileged", field: "privileged", seen: "true", message: "is denied" }],
    });
    await codeOf(callAs(bob, { api: agent, rpc: "applyWorkload", request, denials }));
    agent.failure = new AgentError("NOT_FOUND", "workload not found");
    await codeOf(callAs(bob, { api: agent, rpc: "getWorkload", request, denials }));

    expect(denials.list()).toMatchObject([
      { identity: "eve", method: "DeleteWorkload", reason: "ROLE_TOO_LOW", workloadId: "web" },
      {
        identity: "bob",
        method: "ApplyWorkload",
        reason: "POLICY_DENIED",
        message: expect.stringContaining("privileged"),
      },
    ]);
  });

  it("are shown to admins where they are asked for, and are no part of the history", async () => {
    const viewer: Principal = { identity: "eve", role: "viewer" };
    for (const id of ["web", "db", "db"]) {
      await codeOf(callAs(viewer, { api: agent, rpc: "deleteWorkload", request: { id }, denials }));
      time.nowMs += 2_000;
    }

    const db = {
      status: "denied",
      actionType: "delete_workload",
      workloadId: "db",
      caller: "eve",
      reason: "ROLE_TOO_LOW",
      error: expect.stringContaining("eve is viewer here"),
      count: 2n,
      createdAt: 1_002n,
      endedAt: 1_004n,
    };
    expect(await listed(admin)).toMatchObject({ actions: [{ workloadId: "web" }, db] });
    const newest = { limit: 1, newestFirst: true, actionType: "delete_workload" };
    expect(await listed(admin, newest)).toMatchObject({ actions: [db] });
    expect(await listed(admin, { workloadId: "none" })).toMatchObject({ actions: [] });
    expect(await listed(admin, { status: "" })).toMatchObject({ actions: [] });
  });

  it.each<Principal>([bob, { ...admin, workloads: { ids: ["web"] } }])(
    "are shown to nobody like %j",
    async (principal) => {
      await expect(listed(principal)).rejects.toMatchObject({
        status: {
          code: Code.PermissionDenied,
          message: expect.stringContaining("this needs admin of all workloads"),
        },
      });
      await expect(listed(admin, { limit: -1 })).rejects.toMatchObject({
        status: { code: Code.InvalidArgument },
      });
    },
  );
});
