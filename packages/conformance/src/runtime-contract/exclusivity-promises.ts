import assert from "node:assert/strict";
import { AgentError, type WorkloadId } from "@persys/core";
import { ContractViolation } from "../contract-violation.ts";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import { changeNames, changeScenes } from "./scenes.ts";
import { callOf } from "./workload-change.ts";
import { faultsAfterSuccess, holdingOf } from "./workload-model.ts";

const graceMs = 1000;

/** Looks while something is being changed. Two that are live at once fail in the look itself. */
async function look(stage: RuntimeStage, id: WorkloadId, isThere: boolean): Promise<void> {
  const looks = await Promise.all([
    stage.outcomeOf(stage.observe(id)),
    stage.outcomeOf(stage.list()),
  ]);
  for (const outcome of looks) {
    if ("returned" in outcome) continue;
    const { thrown } = outcome;
    if (thrown instanceof ContractViolation) throw thrown;
    assert.ok(AgentError.is(thrown), `a look throws ${String(thrown)}`);
  }
  if (!isThere) return;
  const [seen, listed] = looks;
  if ("returned" in seen)
    assert.notEqual(seen.returned.kind, "absent", "what is being changed is said to be absent");
  if ("returned" in listed)
    assert.ok(listed.returned.has(id), "what is being changed is missing from the list");
}

/** Looks at what is being changed. */
export const exclusivityPromises: readonly RuntimePromise[] = changeNames.map((name) => ({
  id: `looks-during-${name}`,
  clause: "RT-029",
  level: "MUST",
  title: `during ${name}, observe and list answer, show what is there all the while, and never two that are live`,
  check: async (stage) => {
    const { id, signal } = stage;
    const scene = changeScenes[name];
    await scene.begin(stage, id);
    const change = scene.change(stage, id);
    const before = holdingOf(await stage.observe());
    const isThere = name !== "remove" && before.current !== undefined;
    const call = callOf(stage.runtime, id, { change, graceMs, signal });
    const outcome = await stage.meanwhile(call, () => look(stage, id, isThere));
    if ("thrown" in outcome) throw outcome.thrown;
    const after = holdingOf(await stage.observe());
    assert.deepEqual(faultsAfterSuccess(change, { before, after }), []);
  },
}));
