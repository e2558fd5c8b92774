import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const crashing = { program: "exit", exitCode: 1 };

/** Milliseconds between the starts there were. */
function gaps(node: SimulatedNode): readonly number[] {
  const starts = node.world.journal.entries.filter((one) => one.op === "start");
  return starts.slice(1).map((one, at) => one.atMs - (starts[at]?.atMs ?? 0));
}

describe("the back-off", () => {
  it("restarts a killed instance at once, without waiting for a listing", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");

    node.world.kill("web");
    await node.clock.settle();

    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1", "start r1"]);
    expect(node.status("web").actual).toBe("running");
  });

  it("waits from the second unexpected end on, and shows it (I9)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.kill("web");
    await node.clock.settle();
    node.world.kill("web");
    await node.clock.settle();

    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "EXITED", retryable: true, attempts: 2 },
    });
    expect(node.status("web").failure?.nextRetryAtMs).toBeGreaterThan(node.clock.wallMs());
    expect(node.world.journal.count("start")).toBe(2);
    await node.after(1_000);
    expect(node.world.journal.count("start")).toBe(3);
  });

  it("doubles from 1 s to 5 min, between half and the whole of it, and never gives up", async () => {
    const node = await SimulatedNode.start();

    await node.apply("web", crashing);
    await node.after(3_600_000);

    const seen = gaps(node);
    expect(seen[0]).toBe(0);
    seen.slice(1).forEach((gap, at) => {
      const whole = Math.min(1_000 * 2 ** at, 300_000);
      expect(gap).toBeGreaterThanOrEqual(whole / 2);
      expect(gap).toBeLessThanOrEqual(whole);
    });
    expect(seen.length).toBeGreaterThan(15);
  });

  it("is forgotten once the instance has stayed up", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    for (let count = 0; count < 4; count += 1) {
      node.world.kill("web");
      await node.after(11_000);
    }

    expect(node.status("web")).toMatchObject({ actual: "running", restarts: 4 });
    expect(node.status("web").failure).toBeUndefined();
  });

  it("and the count of a crash loop survive a restart of the agent (I11)", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", crashing);
    await node.after(60_000);
    const before = node.status("web");
    const starts = node.world.journal.count("start");

    await node.restart();

    expect(node.status("web")).toMatchObject({ actual: "failed", restarts: before.restarts });
    expect(node.status("web").failure).toEqual(before.failure);
    expect(node.world.journal.count("start")).toBe(starts);
    await node.after((before.failure?.nextRetryAtMs ?? 0) - node.clock.wallMs());
    expect(node.world.journal.count("start")).toBe(starts + 1);
  });

  it.each([
    ["ahead", 86_400_000],
    ["back", -86_400_000],
  ])("is never longer than it was drawn when the wall clock is set %s", async (_, byMs) => {
    const node = await SimulatedNode.start();
    await node.apply("web", crashing);
    await node.after(60_000);
    const starts = node.world.journal.count("start");

    node.clock.jumpWall(byMs);
    await node.after(64_000);
    expect(node.world.journal.count("start")).toBeGreaterThan(starts);
    const later = node.world.journal.count("start");
    await node.after(5_000);
    expect(node.world.journal.count("start")).toBeLessThan(later + 3);
    node.clock.jumpWall(byMs);
    await node.restart();
    await node.after(300_000);

    expect(node.world.journal.count("start")).toBeGreaterThan(later);
  });

  it.each([
    ["ahead", 86_400_000],
    ["back", -86_400_000],
  ])("and the settling time are over in time though the wall clock is set %s", async (_, byMs) => {
    const node = await SimulatedNode.start();
    await node.apply("web", { program: "serve" });
    await node.after(5_000);

    node.clock.jumpWall(byMs);
    await node.after(30_000);

    expect(node.status("web").actual).toBe("running");
  });

  it("and the settling time are over in time also when the workload was looked at since the clock was set back", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", { program: "serve" });
    await node.apply("loop", crashing);
    await node.after(30_000);
    node.world.kill("web");
    await node.after(2_000);
    const starts = node.world.journal.of("loop").length;

    node.clock.jumpWall(-86_400_000);
    for (const id of ["web", "loop"]) node.world.events.emit(node.status(id).id, "anything");
    await node.after(40_000);

    expect(node.status("web")).toMatchObject({ actual: "running" });
    expect(node.world.journal.of("loop").length).toBeGreaterThan(starts);
    expect(node.world.journal.of("loop").length).toBeLessThan(starts + 4);
  });

  it("ends with a retry", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", crashing);
    await node.after(600_000);
    const starts = node.world.journal.count("start");

    expect(await node.retry("web")).toBe(true);

    expect(node.world.journal.count("start")).toBe(starts + 2);
  });

  it("has nothing to retry where nothing failed", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    expect(await node.retry("web")).toBe(false);
  });

  it("covers starts that fail, and a transient failure never ends it", async () => {
    const node = await SimulatedNode.start();
    node.world.faults.failNext("start", transient("PORT_CONFLICT"), { times: 12 });

    await node.apply("web", { program: "serve" });
    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "PORT_CONFLICT", retryable: true },
    });
    await node.after(3_600_000);

    expect(node.status("web").actual).toBe("running");
  });

  it("does not let a runtime that says done but does nothing be asked in a tight loop", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.attentive.deafToStop.add("web");

    await node.want("web", "stopped");
    await node.after(600_000);

    expect(node.attentive.stopsIgnored).toBeLessThan(20);
    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "RUNTIME_ERROR", retryable: true },
    });
    node.attentive.deafToStop.clear();
    await node.after(300_000);
    expect(node.status("web").actual).toBe("stopped");
  });
});
