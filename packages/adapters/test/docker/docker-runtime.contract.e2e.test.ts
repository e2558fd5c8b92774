import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { subject } from "./docker-subject.ts";

/**
 * Forms of a promise that other cases of its clause judge here too, in fewer situations: together they would take as long as a quarter of all the
 * others. The long tests judge every case.
 */
const longForms =
  /^(?:every-call-repeats-(?!half-started$)|looks-during-(?!restore$)|cancelled-(?:prepare|start|retire|restore|remove)-|similar-ids-|strangers-near-)/;

describeWithDocker("DockerRuntime", () => {
  for (const { id, clause, level, title, run } of runtimeContract(subject)) {
    if (longForms.test(id)) continue;
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 120_000);
  }
});
