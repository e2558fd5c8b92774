import { caseContext, runtimeContract } from "@persys/conformance";
import { it } from "vitest";
import { anyCommand, describeWithCompose } from "../../../../test/docker/compose-commands.ts";
import { subject } from "./compose-subject.ts";

/** What a project is most unlike a single container in; the long tests judge all clauses. */
const clauses: ReadonlySet<string> = new Set([
  "RT-032",
  "RT-039",
  "RT-042",
  "RT-060",
  "RT-070",
  "RT-071",
  "RT-073",
  "RT-090",
]);

describeWithCompose("ComposeRuntime", anyCommand(), (words) => {
  for (const { id, clause, level, title, run } of runtimeContract(() => subject(words))) {
    if (!clauses.has(clause)) continue;
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 180_000);
  }
});
