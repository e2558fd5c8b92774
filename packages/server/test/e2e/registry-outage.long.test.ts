import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { engineOfTest, nodesOn, reasonOf } from "../support/engine-outage.ts";
import { faulty } from "../support/registry-outage.ts";

// The engine gives up on a layer only after five attempts in 75 s.
describeWithDocker("a registry that breaks off within a layer", () => {
  it("is told once the engine has given up, and is tried again until it has recovered", async () => {
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine);
    const breaking = { kind: "breaks layers", afterBytes: 100_000 } as const;
    const { image, reason, mend } = await faulty(engine.docker, breaking, "IMAGE_PULL_FAILED");
    const id = nodes.id("broken");

    await nodes.apply(id, { image });
    await expect
      .poll(async () => reasonOf(await nodes.node.status(id)), { timeout: 150_000 })
      .toBe(reason);
    await mend();

    await expect.poll(() => nodes.node.state(id), { timeout: 120_000 }).toBe("RUNNING");
  }, 400_000);
});
