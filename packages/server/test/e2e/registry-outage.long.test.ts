import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { engineOfTest, nodesOn, reasonOf } from "../support/engine-outage.ts";
import { failTwice, faulty, run, type Trouble, vanishing } from "../support/registry-outage.ts";

describeWithDocker("a registry that says nothing, or no more", () => {
  it("is told by a reason of its own, and is tried again until it has recovered", async () => {
    const engine = await engineOfTest();
    const { docker } = engine;
    const nodes = await nodesOn(engine, {
      PERSYS_BACKOFF_MAX: "1s",
      PERSYS_PULL_IDLE_TIMEOUT: "2s",
    });
    const stalling = { kind: "stalls layers", afterBytes: 100_000 } as const;
    const troubles = new Map<string, Trouble>([
      [nodes.id("hung"), await faulty(docker, { kind: "silent" }, "NETWORK_ERROR")],
      [nodes.id("stalled"), await faulty(docker, stalling, "TIMEOUT")],
    ]);

    for (const [id, { image }] of troubles) await nodes.apply(id, { image });
    await failTwice(nodes, troubles);

    for (const { mend } of troubles.values()) await mend();
    await run(nodes, troubles.keys());
  }, 400_000);
});

// The engine gives up on a layer only after five attempts in 75 s.
describeWithDocker("a registry that breaks off within a layer", () => {
  it("or ends there is told once the engine has given up, and is tried again until it has recovered", async () => {
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine);
    const breaking = { kind: "breaks layers", afterBytes: 100_000 } as const;
    const troubles = [
      [nodes.id("broken"), await faulty(engine.docker, breaking, "IMAGE_PULL_FAILED")],
      [nodes.id("vanished"), await vanishing(engine.docker)],
    ] as const;

    for (const [id, { image }] of troubles) await nodes.apply(id, { image });
    for (const [, { onPull }] of troubles) await onPull?.();
    for (const [id, { reason }] of troubles)
      await expect
        .poll(async () => reasonOf(await nodes.node.status(id)), { timeout: 150_000, message: id })
        .toBe(reason);
    for (const [, { mend }] of troubles) await mend();

    for (const [id] of troubles)
      await expect
        .poll(() => nodes.node.state(id), { timeout: 150_000, message: id })
        .toBe("RUNNING");
  }, 400_000);
});
