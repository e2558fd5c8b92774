import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import {
  engineOfTest,
  kindsIn,
  nodesOn,
  reasonOf,
  server,
  statesOf,
} from "../support/engine-outage.ts";
import { catchUpAfter } from "../support/engine-outage-requests.ts";
import { OutageStory } from "../support/engine-outage-story.ts";

/** An agent looks for its engine again after 30 s at the latest. */
const slowly = { timeout: 90_000, interval: 100 } as const;

const outageMs = 60_000;

describeWithDocker("a Docker engine that is away", () => {
  it("because it was stopped costs no container its place, and what is asked meanwhile is done afterwards", async () => {
    await catchUpAfter((engine) => engine.stop());
  });
});

describeWithDocker("a Docker engine that is away for a minute", () => {
  it("while 20 containers are applied, updated, stopped and deleted is caught up with when it is back", async () => {
    const seed = Number(process.env["PERSYS_TEST_SEED"] ?? Date.now() % 1_000_000);
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine);
    const story = new OutageStory(nodes, seed);
    await story.begin();

    await engine.stop();
    await story.meanwhile(outageMs);
    await engine.up();

    await story.checkCaughtUp();
  }, 400_000);

  it("because it is frozen says so once its deadlines have passed, and goes on where it was", async () => {
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine, {
      PERSYS_STEP_TIMEOUT: "5s",
      PERSYS_PREPARE_TIMEOUT: "5s",
    });
    const [steady, updated] = [nodes.id("steady"), nodes.id("updated")];
    for (const id of [steady, updated]) await nodes.apply(id, server(), { revisionId: "r1" });
    for (const id of [steady, updated]) await nodes.node.reaches(id, "RUNNING");
    const place = await nodes.containerId(steady);

    await engine.freeze();
    try {
      await nodes.apply(updated, server("2"), { revisionId: "r2" });
      await expect
        .poll(async () => [...(await statesOf(nodes)).values()], { ...slowly, timeout: 150_000 })
        .toEqual(["UNKNOWN", "UNKNOWN"]);
      expect(reasonOf(await nodes.node.status(updated))).toBe("TIMEOUT");
      const { runtimeStatus } = await nodes.node.client.healthCheck({});
      expect(runtimeStatus["container"]).toMatch(/^unhealthy: /);
    } finally {
      engine.thaw();
    }

    for (const id of [steady, updated])
      await expect.poll(() => nodes.node.state(id), slowly).toBe("RUNNING");
    expect((await nodes.node.status(updated)).observedRevisionId).toBe("r2");
    expect(await nodes.containerId(steady)).toBe(place);
    await expect.poll(() => kindsIn(nodes), slowly).toEqual({ container: 2, image: 2 });
  }, 400_000);
});
