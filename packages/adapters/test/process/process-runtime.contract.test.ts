import { caseContext, runtimeContract } from "@persys/conformance";
import { describe, it } from "vitest";
import { subject } from "./process-subject.ts";

describe("ProcessRuntime", () => {
  for (const { id, clause, level, title, run } of runtimeContract(subject)) {
    it.concurrent(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()), 120_000);
  }
});
