import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { anyCommand, describeWithCompose } from "./compose-commands.ts";
import { subject } from "./compose-subject.ts";

describeWithCompose("ComposeRuntime", anyCommand(), (words) => {
  for (const { id, clause, level, title, run } of runtimeContract(() => subject(words))) {
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 180_000);
  }
});
