import { it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { surviveKillsWithContainers } from "../support/crash-story.ts";

describeWithDocker("an agent with processes and containers", () => {
  it("that is killed 3 times at random moments loses nothing, doubles nothing and leaves nothing", async () => {
    const seed = Number(process.env["PERSYS_TEST_SEED"] ?? Date.now() % 1_000_000);
    await surviveKillsWithContainers(3, seed);
  }, 180_000);
});
