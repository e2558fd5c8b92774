import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const serve = { program: "serve" };

describe("an explanation", () => {
  it("of what is as wanted shows no difference and nothing to do", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    const why = node.api.explain("web");

    expect(why).toMatchObject({
      differences: [],
      blockedBy: "",
      next: { step: "settled", cause: "running as wanted" },
      observed: [
        { revisionId: "r1", kept: false, state: "running", health: "none", healthOutput: "" },
      ],
    });
    expect(why.history.map((one) => `${one.step} ${one.outcome}`)).toEqual([
      "start done",
      "prepare done",
    ]);
  });

  it("in a back-off names the failure and when it is over", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", { program: "exit", exitCode: 3 });

    const why = node.api.explain("web");

    expect(why.next.step).toBe("wait");
    expect(why.next.cause).toContain("exit code 3");
    expect(why.next.dueAtMs).toBe(node.status("web").failure?.nextRetryAtMs);
  });

  it("during an update names both revisions", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.apply("web", { ...serve, prepareMs: 60_000 }, { revisionId: "r2" });

    const why = node.api.explain("web");
    expect(why.differences).toEqual(["wanted: revision r2, observed: revision r1"]);
    expect(why.blockedBy).toBe("prepare under way");
  });

  it("of what cannot be read says so", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.setUnreachable(true);
    await node.after(31_000);

    const why = node.api.explain("web");

    expect(why.differences).toEqual(["what exists cannot be read"]);
    expect(why.next.step).toBe("wait");
  });

  it("names a store that does not take commits", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ times: 1_000_000 });
    node.world.kill("web");
    await node.after(3_000);

    expect(node.api.explain("web").blockedBy).toContain("state store");
  });

  it("keeps the last 20 steps (I12)", async () => {
    const node = await SimulatedNode.start();
    node.world.faults.failNext("start", transient(), { times: 50 });
    await node.apply("web", serve);
    await node.after(3_600_000);

    expect(node.api.explain("web").history).toHaveLength(20);
    expect(node.api.explain("web").history[0]?.outcome).toBe("RUNTIME_ERROR");
  });

  it("of an unknown id is not found", async () => {
    const node = await SimulatedNode.start();

    expect(() => node.api.explain("web")).toThrow("workload not found");
  });

  it("reads no runtime and writes nothing, like every other read", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const reads = { ...node.world.reads };
    const { commits } = node.store;

    for (let count = 0; count < 50; count += 1) {
      node.api.explain("web");
      node.api.status("web");
      node.api.get("web");
      node.api.list({});
      node.api.health();
    }
    await node.clock.settle();

    expect(node.world.reads).toEqual(reads);
    expect(node.store.commits).toBe(commits);
  });
});

describe("a view of a workload", () => {
  it("shows no secret", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web", "r1", { secret: "hunter2" });

    expect(node.api.get("web").spec).toMatchObject({ secret: "<redacted>" });
    expect(JSON.stringify(node.api.explain("web"))).not.toContain("hunter2");
  });

  it("names the last settled revision while the wanted one has not settled", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    expect(node.api.get("web").fallbackRevisionId).toBe("r1");

    await node.after(11_000);

    expect(node.api.get("web").fallbackRevisionId).toBeUndefined();
  });
});
