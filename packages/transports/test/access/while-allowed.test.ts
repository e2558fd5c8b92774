import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { silentLogger } from "@persys/core";
import { type Authentication, type CallContext, createAgentHandlers } from "@persys/transports";
import { WatchWorkloadsRequestSchema } from "@persys/transports/gen";
import { describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { FakeAgent, statusOf } from "../fake-agent.ts";
import { codeOf } from "./call-as.ts";

const bob = { identity: "bob", role: "viewer" } as const;

/** A watch by bob, of whom `again` says who he is now. It ends with the promise. */
function watch(agent: FakeAgent, again: () => Authentication): Promise<void> {
  const { signal } = new AbortController();
  const call: CallContext = {
    caller: { identity: "bob" },
    principal: bob,
    again: async () => again(),
    signal,
    stopping: signal,
    remainingMs: () => undefined,
  };
  const handlers = createAgentHandlers({ api: agent, logger: silentLogger, recheckMs: 5 });
  const answers = handlers.watchWorkloads(create(WatchWorkloadsRequestSchema, {}), call);
  return (async () => {
    for await (const answer of answers) expect(answer).toBeDefined();
  })();
}

describe("a stream", () => {
  it.each<[string, Authentication, Code]>([
    ["is nobody any more", { kind: "unknown", because: "revoked" }, Code.Unauthenticated],
    [
      "has no role any more",
      { kind: "stranger", identity: "bob", names: ["cn:bob"] },
      Code.PermissionDenied,
    ],
    [
      "has another role",
      { kind: "known", principal: { identity: "bob", role: "admin" } },
      Code.PermissionDenied,
    ],
    [
      "has to do with fewer workloads",
      { kind: "known", principal: { ...bob, workloads: { ids: ["a"] } } },
      Code.PermissionDenied,
    ],
  ])("ends when its reader %s", async (_, then, code) => {
    const agent = new FakeAgent();
    agent.put(statusOf("web"));
    let now: Authentication = { kind: "known", principal: bob };
    let looks = 0;
    const ended = codeOf(
      watch(agent, () => {
        looks += 1;
        return now;
      }),
    );
    await eventually(() => agent.openStreams === 1 && looks > 1);

    now = then;

    expect(await ended).toBe(code);
    expect(agent.openStreams).toBe(0);
  });
});
