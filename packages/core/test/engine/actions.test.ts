import type { Action, ActionFilter, Write } from "@persys/core";
import { describe, expect, it } from "vitest";
import { caller, SimulatedNode } from "../support/simulated-node.ts";
import { permanent } from "../support/trouble.ts";

const serve = { program: "serve" };

function actions(node: SimulatedNode, filter: Partial<ActionFilter> = {}): readonly Action[] {
  return node.api.actions({ limit: 0, newestFirst: false, ...filter });
}

function texts(node: SimulatedNode): readonly string[] {
  return actions(node).map((one) => `${one.type} ${one.status}`);
}

/** Whether the batch stores a new request rather than what the engine has learnt. */
function isRequest(batch: readonly Write[]): boolean {
  return batch.some((one) => one.kind === "put-action" && one.action.status === "pending");
}

describe("the history", () => {
  it("tells how far each request has come", async () => {
    const node = await SimulatedNode.start();
    const release = node.world.faults.hangNext("prepare");
    await node.apply("web", serve, { revisionId: "r1" });
    expect(texts(node)).toEqual(["apply_workload running"]);

    release();
    await node.after(11_000);

    expect(texts(node)).toEqual(["apply_workload completed"]);
    expect(actions(node)[0]).toMatchObject({
      workloadId: "web",
      revisionId: "r1",
      generation: 1,
      caller: "test",
      error: "",
    });
    expect(actions(node)[0]?.taskId).toMatch(/^apply-web-\d+$/);
    expect(actions(node)[0]?.endedAtMs).toBeGreaterThan(0);
  });

  it("is pending until the first step", async () => {
    const node = await SimulatedNode.start();
    node.world.setUnreachable(true);
    await node.after(31_000);

    await node.apply("web", serve);

    expect(texts(node)).toEqual(["apply_workload pending"]);
  });

  it("says why a request failed", async () => {
    const node = await SimulatedNode.start();
    node.world.faults.failNext("prepare", permanent());

    await node.apply("web", serve);

    expect(actions(node)[0]).toMatchObject({ status: "failed", error: "INVALID_SPEC on purpose" });
  });

  it("names requests that a later one replaced, those that waited for a deletion included", async () => {
    const node = await SimulatedNode.start();
    node.world.faults.hangNext("prepare");
    await node.apply("web", serve, { revisionId: "r1" });
    node.world.faults.hangNext("remove");
    await node.remove("web");
    await node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.apply("web", { ...serve, note: "3" }, { revisionId: "r3" });
    await node.remove("web");
    node.world.faults.clear();
    await node.after(30_000);

    expect(texts(node)).toEqual([
      "apply_workload failed",
      "delete_workload failed",
      "apply_workload failed",
      "apply_workload failed",
      "delete_workload completed",
    ]);
    expect(actions(node)[0]?.error).toBe("replaced by a later request");
  });

  it("survives a restart of the agent and a deletion of the workload", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.remove("web");
    const before = actions(node);

    await node.restart();
    await node.apply("db", serve);

    expect(actions(node).slice(0, 2)).toEqual(before);
    expect(new Set(actions(node).map((one) => one.seq)).size).toBe(3);
  });

  it("tells that a request was fulfilled also when the agent was killed before it could note that", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2", prepareMs: 60_000 }, { revisionId: "r2" });
    node.store.failNext({ times: 1_000_000, fits: (batch) => !isRequest(batch) });
    await node.apply("web", serve, { revisionId: "r1" });
    expect(node.status("web").revisionId).toBe("r1");

    await node.restart();
    await node.after(31_000);

    expect(texts(node).at(-1)).toBe("apply_workload completed");
  });

  it("tells that a stop was fulfilled also where a start was cut off before it made anything", async () => {
    const node = await SimulatedNode.start();
    node.world.faults.hangNext("start");
    await node.apply("web", serve, { revisionId: "r1" });
    node.world.setUnreachable(true);
    await node.restart();
    const stopping = await node.want("web", "stopped");
    expect(stopping.status).toMatchObject({ desired: "stopped" });
    node.world.setUnreachable(false);
    await node.after(6_000);

    expect(node.status("web").actual).toBe("stopped");
    expect(texts(node)).toEqual(["apply_workload failed", "apply_workload completed"]);
  });

  it("is bounded by count, oldest first, in memory and in the store (I12)", async () => {
    const node = await SimulatedNode.start({ policy: { actionsMax: 10 } });

    for (let at = 0; at < 30; at += 1) await node.apply(`w${at}`, serve);

    expect(actions(node).map((one) => one.workloadId)).toEqual(
      Array.from({ length: 10 }, (_, at) => `w${at + 20}`),
    );
    expect(node.disk.actions.size).toBe(10);
  });

  it("is bounded by age", async () => {
    const node = await SimulatedNode.start({ policy: { actionsMaxAgeMs: 3_600_000 } });
    await node.settled("a");
    await node.after(3_700_000);

    await node.settled("b");

    expect(actions(node).map((one) => one.workloadId)).toEqual(["b"]);
  });

  it("can be asked by workload, type, status, number and order", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    await node.settled("b");
    await node.remove("a");

    expect(actions(node, { workloadId: "a" })).toHaveLength(2);
    expect(actions(node, { type: "delete_workload" })).toHaveLength(1);
    expect(actions(node, { status: "failed" })).toHaveLength(0);
    const newest = actions(node, { limit: 2, newestFirst: true });
    expect(newest.map((one) => one.seq)).toEqual([3, 2]);
  });

  it("keeps the trace of the caller", async () => {
    const node = await SimulatedNode.start();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const request = { id: "web", type: "simulated", revisionId: "", desired: "running" } as const;

    await node.api.apply({ ...request, spec: serve }, { ...caller, traceparent });

    expect(actions(node)[0]).toMatchObject({ traceparent });
  });
});
