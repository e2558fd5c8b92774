import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { cutAtEachChange } from "./crash-points.ts";
import { scenarios } from "./crash-scenarios.ts";

describeWithDocker("an agent cut short at any change of the engine", () => {
  for (const scenario of scenarios)
    for (const fate of ["dies", "refused", "unanswered"] as const)
      it.concurrent(`finishes a ${scenario.title} (${fate})`, async () => {
        const changes = await cutAtEachChange(scenario, fate);
        expect(changes).not.toEqual([]);
      });
});
