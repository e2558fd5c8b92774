import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

describe("the bounds of a node (I12)", () => {
  it("take no more workloads than there may be, and are not used up by refused ones", async () => {
    const node = await SimulatedNode.start({ policy: { workloadsMax: 3 } });
    for (const id of ["a", "b", "c"]) await node.apply(id, serve);

    for (let at = 0; at < 10; at += 1)
      await expect(node.apply(`more-${at}`, serve)).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        details: { workloadsMax: 3 },
      });

    await expect(node.apply("a", { ...serve, note: "2" })).resolves.toMatchObject({
      applied: true,
    });
    await node.remove("a");
    await node.after(1_000);
    await expect(node.apply("d", serve)).resolves.toMatchObject({ applied: true });
    expect(node.ids).toEqual(["b", "c", "d"]);
  });

  it("take no spec that is too large", async () => {
    const node = await SimulatedNode.start({ policy: { specBytesMax: 1_000 } });

    await expect(node.apply("web", { ...serve, note: "x".repeat(1_000) })).rejects.toMatchObject({
      code: "INVALID_SPEC",
    });
  });

  it("let only so many requests wait for one workload", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const release = node.store.hang();

    const sent = Array.from({ length: 400 }, (_, at) =>
      node
        .sendApply("web", { ...serve, note: `${at}` })
        .then(() => "applied")
        .catch((error: { code: string }) => error.code),
    );
    await node.clock.settle();
    release();
    await node.after(15_000);

    const answers = await Promise.all(sent);
    expect(answers.filter((one) => one === "LIMIT_EXCEEDED")).toHaveLength(144);
    expect(answers.filter((one) => one === "applied")).toHaveLength(256);
    expect(node.status("web").actual).toBe("running");
  });

  it("hold for ids: what could leave a folder or end an argument list is refused", async () => {
    const node = await SimulatedNode.start();

    for (const id of ["", ".", "..", "../x", "-x", "a/b", "a b", "ä", "x".repeat(129), "a\n"]) {
      await expect(node.apply(id, serve)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
      expect(() => node.status(id)).toThrow();
      await expect(node.remove(id)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    }
    expect(node.ids).toEqual([]);
  });

  it("keep a node of 200 workloads at one timer each at most, and at none once they have settled", async () => {
    const node = await SimulatedNode.start();
    for (let at = 0; at < 200; at += 1) await node.apply(`w${at}`, serve);
    expect(node.clock.pendingTimers).toBeLessThanOrEqual(200 + 4);

    await node.after(60_000);
    expect(node.clock.pendingTimers).toBeLessThanOrEqual(4);
    for (let at = 0; at < 200; at += 1) await node.remove(`w${at}`);
    await node.after(5_000);

    expect(node.clock.pendingTimers).toBeLessThanOrEqual(4);
    expect(node.world.ids).toEqual([]);
    expect(node.disk.records.size).toBe(0);
  });
});
