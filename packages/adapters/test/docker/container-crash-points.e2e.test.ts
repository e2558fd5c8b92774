import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { cutAtEachChange } from "./crash-points.ts";
import { scenarios } from "./crash-scenarios.ts";

/** The others are in the long form. */
const titles = [
  "replace of another revision",
  "restore of what is kept",
  "remove of one and a kept one",
];

describeWithDocker("an agent that dies at any change of the engine", () => {
  for (const scenario of scenarios.filter(({ title }) => titles.includes(title)))
    it.concurrent(`finishes a ${scenario.title} when it comes back`, async () => {
      const changes = await cutAtEachChange(scenario, "dies");
      expect(changes.length).toBeGreaterThan(3);
    }, 120_000);
});
