import { Code } from "@connectrpc/connect";
import { type AgentRpc, type Role, roles, rpcRoles } from "@persys/transports";
import { AgentService } from "@persys/transports/gen";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeAgent, statusOf } from "../fake-agent.ts";
import { callAs, codeOf } from "./call-as.ts";

/** Who may call what, written down a second time: a slip in the code's own table shows here. */
const matrix: Readonly<Record<AgentRpc, readonly Role[]>> = {
  applyWorkload: ["operator", "admin"],
  deleteWorkload: ["operator", "admin"],
  retryWorkload: ["operator", "admin"],
  getWorkloadStatus: ["viewer", "operator", "admin"],
  listWorkloads: ["viewer", "operator", "admin"],
  healthCheck: ["viewer", "operator", "admin"],
  listActions: ["viewer", "operator", "admin"],
  getWorkload: ["viewer", "operator", "admin"],
  watchWorkloads: ["viewer", "operator", "admin"],
  streamLogs: ["viewer", "operator", "admin"],
  explainWorkload: ["viewer", "operator", "admin"],
  whoAmI: ["viewer", "operator", "admin"],
};

const everyCall = AgentService.methods.flatMap(({ localName }) =>
  roles.map((role) => [localName as AgentRpc, role] as const),
);

let agent: FakeAgent;

beforeEach(() => {
  agent = new FakeAgent();
  agent.put(statusOf("web"));
  agent.failure = undefined;
});

describe("a role", () => {
  it("is asked for by every method of the contract", () => {
    const methods = AgentService.methods.map(({ localName }) => localName);

    expect(Object.keys(rpcRoles).toSorted()).toEqual(methods.toSorted());
  });

  it.each(everyCall)("of a caller decides on %s: %s", async (rpc, role) => {
    const request = { id: "web", workloadId: "" };
    const code = await codeOf(callAs({ identity: "bob", role }, { api: agent, rpc, request }));

    if (matrix[rpc].includes(role)) expect(code).not.toBe(Code.PermissionDenied);
    else expect(code).toBe(Code.PermissionDenied);
  });

  it("that is too low changes nothing and says which is needed", async () => {
    const denied = callAs(
      { identity: "bob", role: "viewer" },
      { api: agent, rpc: "applyWorkload" },
    );

    await expect(denied).rejects.toMatchObject({
      status: {
        message: expect.stringContaining("bob is viewer here, and this needs operator"),
        details: [{ value: { reason: "ROLE_TOO_LOW", metadata: { needed: "operator" } } }],
      },
    });
    expect(agent.applied).toEqual([]);
  });

  it("is told to whoever asks who it is", async () => {
    const workloads = { ids: ["web-*"], labels: { team: "blue" } };
    const caller = { identity: "bob", role: "viewer", workloads } as const;

    const answer = await callAs(caller, { api: agent, rpc: "whoAmI" });

    expect(answer).toMatchObject({ identity: "bob", role: "viewer", workloads });
    expect(answer).toHaveProperty("methods", expect.arrayContaining(["GetWorkload", "WhoAmI"]));
    expect(answer).toHaveProperty("methods", expect.not.arrayContaining(["ApplyWorkload"]));
  });
});
