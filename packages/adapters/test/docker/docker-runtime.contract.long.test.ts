import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { subject } from "./docker-subject.ts";

describeWithDocker("DockerRuntime", () => {
  for (const { id, clause, level, title, run } of runtimeContract(subject))
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 120_000);
});
