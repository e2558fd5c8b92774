import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { describeWithCompose, testedCommands } from "../../../../test/docker/compose-commands.ts";
import { subject } from "./compose-subject.ts";

for (const command of testedCommands)
  describeWithCompose("ComposeRuntime", command, (words) => {
    for (const { id, clause, level, title, run } of runtimeContract(() => subject(words))) {
      it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 300_000);
    }
  });
