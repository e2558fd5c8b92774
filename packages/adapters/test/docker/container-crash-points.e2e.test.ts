import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { cutAtEachChange } from "./crash-points.ts";
import { scenarios } from "./crash-scenarios.ts";

/** The others are in the long form. */
const title = "replace of another revision";

describeWithDocker("an agent that dies at any change of the engine", () => {
  for (const scenario of scenarios.filter((one) => one.title === title))
    it(`finishes a ${title} when it comes back`, async () => {
      const changes = await cutAtEachChange(scenario, "dies");
      expect(changes.length).toBeGreaterThan(3);
    }, 120_000);
});
