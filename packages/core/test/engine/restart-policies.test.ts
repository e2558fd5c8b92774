import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const no = { restartPolicy: { policy: "no" } };

describe("restart policy always, also when left out", () => {
  it.each(["", "always", "unless-stopped"])("%j restarts after an exit of 0", async (policy) => {
    const node = await SimulatedNode.start();
    await node.apply("web", { program: "exit", exitAfterMs: 1_000, restartPolicy: { policy } });

    await node.after(1_000);
    expect(node.world.journal.count("start")).toBe(2);
    await node.after(4_000);

    expect(node.world.journal.count("start")).toBeGreaterThan(2);
    expect(node.status("web").actual).toBe("failed");
  });
});

describe("restart policy on-failure", () => {
  it("completes on an exit of 0", async () => {
    const node = await SimulatedNode.start();

    await node.apply("job", { program: "exit", restartPolicy: { policy: "on-failure" } });
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(1);
    expect(node.status("job")).toMatchObject({ actual: "stopped", desired: "running" });
  });

  it.each([1, "unknown"])("restarts after an exit of %s, as often as it says", async (exitCode) => {
    const node = await SimulatedNode.start();
    const restartPolicy = { policy: "on-failure", maxRetryCount: 2 };

    await node.apply("job", { program: "exit", exitCode, restartPolicy });
    await node.after(600_000);

    expect(node.world.journal.count("start")).toBe(3);
    expect(node.status("job")).toMatchObject({
      actual: "failed",
      failure: { reason: "RESTARTS_EXHAUSTED", retryable: false },
    });
  });
});

describe("restart policy no", () => {
  it("completes on an exit of 0 and is not run again over a restart of the agent", async () => {
    const node = await SimulatedNode.start();
    await node.apply("job", { program: "exit", ...no });
    await node.after(60_000);
    expect(node.status("job").actual).toBe("stopped");

    await node.restart();
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(1);
    expect(node.status("job").actual).toBe("stopped");
  });

  it.each([
    [1, "EXITED"],
    ["unknown", "EXIT_UNKNOWN"],
  ])("leaves an exit of %s failed with reason %s", async (exitCode, reason) => {
    const node = await SimulatedNode.start();

    await node.apply("job", { program: "exit", exitCode, ...no });
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(1);
    expect(node.status("job")).toMatchObject({
      actual: "failed",
      failure: { reason, retryable: false },
    });
  });

  it("leaves what disappeared failed", async () => {
    const node = await SimulatedNode.start();
    await node.settled("job", "r1", no);

    node.world.removeBehind("job");
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(1);
    expect(node.status("job")).toMatchObject({
      actual: "failed",
      failure: { reason: "DISAPPEARED", retryable: false },
    });
  });

  it.each(["before", "after"] as const)(
    "never starts twice when the agent was killed %s the start",
    async (at) => {
      const node = await SimulatedNode.start();
      node.world.faults.hangNext("start", { at });
      await node.apply("job", { program: "exit", exitCode: 0, ...no });

      await node.crash();
      node.world.faults.clear();
      await node.boot();
      await node.after(60_000);

      expect(node.world.journal.count("start")).toBe(1);
      expect(node.status("job").actual).toBe(at === "after" ? "stopped" : "failed");
    },
  );

  it("is started by the next agent when this one stopped while the start waited for its turn", async () => {
    const node = await SimulatedNode.start({ policy: { stepsAtOnce: 1 } });
    node.world.faults.hangNext("start", { id: "slow" });
    await node.apply("slow", { program: "serve" });
    await node.apply("job", { program: "exit", ...no });
    expect(node.world.journal.of("job")).toHaveLength(1);

    await node.stop();
    expect(node.world.journal.of("job")).toHaveLength(1);
    node.world.faults.clear();
    await node.boot();
    await node.after(15_000);

    expect(node.status("job").actual).toBe("stopped");
    expect(node.world.journal.of("job").filter((one) => one.startsWith("start"))).toHaveLength(1);
  });

  it("stays completed when somebody else starts it again: that run is stopped, and never called stopped before", async () => {
    const node = await SimulatedNode.start();
    await node.apply("job", { program: "serve", stopMs: 2_000, ...no });
    await node.after(11_000);
    node.world.kill("job", { kind: "code", code: 0 });
    await node.after(1_000);
    expect(node.status("job").actual).toBe("stopped");

    node.world.startBehind("job");
    await node.after(1_000);
    expect([node.status("job").actual, node.world.liveCount("job")]).toEqual(["pending", 1]);
    await node.after(2_000);

    expect([node.status("job").actual, node.world.liveCount("job")]).toEqual(["stopped", 0]);
    expect(node.status("job").message).toContain("completed");
  });

  it("runs once more for each retry", async () => {
    const node = await SimulatedNode.start();
    await node.apply("job", { program: "exit", exitCode: 3, ...no });
    await node.after(5_000);

    expect(await node.retry("job")).toBe(true);
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(2);
  });
});
