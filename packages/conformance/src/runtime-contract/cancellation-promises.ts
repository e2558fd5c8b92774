import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { AgentError, isLive, keptInstance, type WorkloadId } from "@persys/core";
import { ContractViolation } from "../contract-violation.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import { type ChangeName, changeNames, changeScenes } from "./scenes.ts";
import { callOf, type Change } from "./workload-change.ts";
import { faultsAfterCancel, faultsAfterNothing, holdingOf } from "./workload-model.ts";

const graceMs = 1000;
const retryMs = 20;

/** Reads that may wait. */
const reads: Readonly<
  Record<string, (stage: RuntimeStage, signal: AbortSignal) => Promise<unknown>>
> = {
  demands: (stage, signal) => stage.runtime.demands(stage.longRunning("r1").spec, signal),
  probe: (stage, signal) => stage.runtime.probe(signal),
  list: (stage, signal) => stage.runtime.list(signal),
  observe: (stage, signal) => stage.runtime.observe(stage.id, signal),
};

/** Where time is made by the subject every moment costs little: so long, in such steps. */
const sweep = { untilMs: 200, stepMs: 5 } as const;

/** Moments at which a call is called off: at once, early, and later, in milliseconds after its beginning. */
function momentsOf(stage: RuntimeStage): readonly number[] {
  const { untilMs, stepMs } = sweep;
  if (stage.subject.elapse !== undefined)
    return Array.from({ length: untilMs / stepMs }, (_, at) => at * stepMs);
  const random = new SeededRandom(stage.context.seed);
  const early = [0, 1 + random.integer(10), 10 + random.integer(60)];
  const late = 70 + random.integer(330);
  return stage.isSlow ? [early[random.integer(early.length)] ?? 0, late] : [...early, late];
}

/** Makes the call until it succeeds: the host may still be at what was called off, and refuse for a moment. */
async function finish(stage: RuntimeStage, id: WorkloadId, change: Change): Promise<void> {
  const giveUpAtMs = performance.now() + stage.patienceMs;
  for (;;) {
    const call = callOf(stage.runtime, id, { change, graceMs, signal: stage.signal });
    const outcome = await stage.outcomeOf(call);
    if ("returned" in outcome) return;
    const { thrown } = outcome;
    // Whatever was to be prepared may be gone.
    if (AgentError.hasCode(thrown, "NOT_PREPARED") && "target" in change)
      await stage.prepare(change.target);
    else if (!AgentError.is(thrown) || !thrown.retryable || performance.now() > giveUpAtMs)
      throw new ContractViolation(`${change.op} cannot be finished: ${String(thrown)}`, {
        cause: thrown,
      });
    await stage.elapse(retryMs);
  }
}

async function cutAndFinish(stage: RuntimeStage, name: ChangeName, afterMs: number): Promise<void> {
  const id = stage.idOf(`c-${afterMs}`);
  const scene = changeScenes[name];
  await scene.begin(stage, id);
  const change = scene.change(stage, id);
  const before = holdingOf(await stage.observe(id));
  const wasCut = await stage.cut(id, change, afterMs);
  const after = holdingOf(await stage.agreedLook(id));
  const faults = wasCut ? faultsAfterCancel(change, { before, after }) : [];
  if (faults.length > 0)
    throw new ContractViolation(
      `${name} was called off after ${afterMs} ms, but it does not hold that ${faults.join("; that ")}`,
      { expected: faults, seen: { before, after } },
    );
  await finish(stage, id, change);
  const seen = await stage.observe(id);
  switch (name) {
    case "prepare":
      await stage.runtime.start(stage.longRunning("r1", id), stage.signal);
      break;
    case "remove":
      assert.equal(seen.kind, "absent");
      break;
    case "stop":
      assert.equal((await stage.current(id)).state, "exited");
      break;
    case "retire":
      assert.equal((await stage.current(id)).run, before.current?.run);
      break;
    default: {
      if (name === "restore") assert.equal(keptInstance(seen), undefined, "it is still set aside");
      // What was kept may be current already, and down: then a start goes on with it.
      if (name === "restore") await stage.runtime.start(stage.longRunning("r1", id), stage.signal);
      const current = await stage.current(id);
      assert.ok(isLive(current), current.state);
      assert.equal(current.revisionId, name === "replace" ? "r2" : "r1");
      if (name === "replace") assert.equal((await stage.kept(id)).revisionId, "r1");
    }
  }
  await stage.runtime.remove(id, stage.signal);
}

/** Calls off what would start something, then ends or removes everything: nothing may come up after that. */
async function cutAndEnd(
  stage: RuntimeStage,
  {
    name,
    afterMs,
    by,
  }: { readonly name: ChangeName; readonly afterMs: number; readonly by: "stop" | "remove" },
): Promise<void> {
  const id = stage.idOf(`l-${name}-${by}-${afterMs}`);
  const scene = changeScenes[name];
  await scene.begin(stage, id);
  await stage.cut(id, scene.change(stage, id), afterMs);
  await finish(stage, id, { op: by });
  const assertOver = async (when: string): Promise<void> => {
    const seen = await stage.observe(id);
    const live = seen.kind === "present" ? seen.instances.filter(isLive) : [];
    assert.deepEqual(live, [], `${when} ${by}, something is up that a call before it had begun`);
    if (by === "remove") assert.equal(seen.kind, "absent", `${when} ${by}, something is there`);
  };
  await assertOver("right after");
  await stage.elapse(stage.windDownMs);
  await assertOver("a while after");
  await stage.runtime.remove(id, stage.signal);
}

/** Calls that are called off. */
export const cancellationPromises: readonly RuntimePromise[] = [
  {
    id: "aborted-changes-do-nothing",
    clause: "RT-110",
    level: "MUST",
    title:
      "a changing call whose signal has aborted before rejects with its reason, and changes nothing",
    check: async (stage) => {
      const cancel = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      cancel.abort(reason);
      const tryOne = async (name: ChangeName): Promise<void> => {
        const id = stage.idOf(`n-${name}`);
        await changeScenes[name].begin(stage, id);
        const before = holdingOf(await stage.observe(id));
        const change = changeScenes[name].change(stage, id);
        const call = callOf(stage.runtime, id, { change, graceMs, signal: cancel.signal });
        assert.equal(await stage.failureOf(call, stage.promptMs), reason, name);
        await stage.elapse(50);
        const after = holdingOf(await stage.observe(id));
        assert.deepEqual(faultsAfterNothing({ before, after }), [], name);
        await stage.runtime.remove(id, stage.signal);
      };
      await Promise.all(changeNames.map(tryOne));
      await stage.assertNothingLeft();
    },
  },
  {
    id: "aborted-reads-end",
    clause: "RT-111",
    level: "MUST",
    title:
      "a read whose signal has aborted ends at once, if it fails then with the signal's reason",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const cancel = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      cancel.abort(reason);
      for (const [name, read] of Object.entries(reads)) {
        const outcome = await stage.outcomeOf(read(stage, cancel.signal), stage.promptMs);
        if ("thrown" in outcome) assert.equal(outcome.thrown, reason, name);
      }
      const seen = await stage.outcomeOf(
        reads["observe"]?.(stage, cancel.signal) ?? Promise.resolve(),
      );
      if ("thrown" in seen) return;
      const { returned } = seen;
      assert.ok(
        typeof returned === "object" &&
          returned !== null &&
          "kind" in returned &&
          returned.kind !== "absent",
        "an observation that was called off says that nothing is there",
      );
    },
  },
  ...changeNames.map(
    (name): RuntimePromise => ({
      id: `cancelled-${name}-can-be-resumed`,
      clause: "RT-112",
      level: "MUST",
      title: `${name}, called off at any moment, ends promptly with the reason, has lost nothing, and can be finished`,
      check: async (stage) => {
        await stage.forEach(momentsOf(stage), (afterMs) => cutAndFinish(stage, name, afterMs));
        await stage.assertNothingLeft();
      },
    }),
  ),
  {
    id: "cancelled-stop-forces-nothing",
    clause: "RT-113",
    level: "MUST",
    title: "a stop gives up promptly in its grace, forcing nothing; the next one finishes it",
    check: async (stage) => {
      if ((await stage.startIgnoringStop()) === undefined) return;
      const cancel = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      const stopping = stage.runtime.stop(stage.id, 3_600_000, cancel.signal);
      const failure = stage.failureOf(stopping);
      await stage.elapse(50);
      cancel.abort(reason);
      assert.equal(await failure, reason);
      await stage.elapse(50);
      assert.ok(isLive(await stage.current()), "it was forced although the stop was called off");
      await stage.stop(stage.id, 0);
      assert.equal((await stage.current()).state, "exited");
    },
  },
  {
    id: "nothing-comes-late",
    clause: "RT-114",
    level: "MUST",
    title: "once stop or remove has returned, nothing comes up that an earlier call had begun",
    check: async (stage) => {
      const ends = (["start", "replace", "restore"] as const).flatMap((name) =>
        momentsOf(stage).flatMap((afterMs) =>
          (["stop", "remove"] as const).map((by) => ({ name, afterMs, by })),
        ),
      );
      await stage.forEach(ends, (end) => cutAndEnd(stage, end));
      await stage.assertNothingLeft();
    },
  },
  {
    id: "signals-are-let-go",
    clause: "RT-115",
    level: "MUST",
    title: "a call that has ended listens to its signal no more",
    check: async (stage) => {
      const tryOne = async (name: ChangeName): Promise<void> => {
        const id = stage.idOf(`s-${name}`);
        await changeScenes[name].begin(stage, id);
        const change = changeScenes[name].change(stage, id);
        const { signal } = new AbortController();
        await callOf(stage.runtime, id, { change, graceMs, signal });
        await assertLetGo(stage, name, signal);
        await stage.runtime.remove(id, stage.signal);
      };
      await Promise.all(changeNames.map(tryOne));
      for (const [name, read] of Object.entries(reads)) {
        const { signal } = new AbortController();
        await read(stage, signal);
        await assertLetGo(stage, name, signal);
      }
    },
  },
];

async function assertLetGo(stage: RuntimeStage, name: string, signal: AbortSignal): Promise<void> {
  await stage.eventually(
    `after ${name} nobody listens to its signal`,
    () => getEventListeners(signal, "abort").length === 0,
  );
}
