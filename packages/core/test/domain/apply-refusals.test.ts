import { describe, expect, it } from "vitest";
import {
  generationConflict,
  revisionConflict,
  specMissing,
  typeMismatch,
  unknownWorkload,
} from "../../src/domain/apply-refusals.ts";
import { idOf } from "./builders.ts";

describe("a refusal of an apply", () => {
  const id = idOf("web");

  it.each([
    [() => generationConflict(id, 3, 4), "GENERATION_CONFLICT", { expected: 3, actual: 4 }],
    [() => unknownWorkload(id), "NOT_FOUND", { id }],
    [() => typeMismatch(id, "process", "vm"), "TYPE_MISMATCH", { id, type: "process" }],
    [() => specMissing(id, "r2", "r1"), "REVISION_CONFLICT", { id, current: "r1" }],
    [() => revisionConflict(id, "r1"), "REVISION_CONFLICT", { id, revision: "r1" }],
  ] as const)("%s tells machines what it is about, and changed nothing", (make, code, details) => {
    expect(make()).toMatchObject({ code, details, fault: "user", effect: "none" });
  });
});
