import assert from "node:assert/strict";
import { AgentError } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import { changeScenes } from "./scenes.ts";
import { callOf, type Change } from "./workload-change.ts";
import { faultsAfterNothing, holdingOf } from "./workload-model.ts";

const graceMs = 1000;

/** Every changing call, for a workload that runs r1 and has r2 prepared. */
function everyChange(stage: RuntimeStage): readonly Change[] {
  const { id } = stage;
  return [
    { op: "prepare", target: stage.longRunning("r3", id) },
    { op: "start", target: stage.longRunning("r1", id) },
    { op: "replace", target: stage.longRunning("r2", id) },
    { op: "retire", keepDigests: [] },
    { op: "restore" },
    { op: "stop" },
    { op: "remove" },
  ];
}

async function cutOff(stage: RuntimeStage): Promise<boolean> {
  const { cutOff: cut } = stage.subject;
  if (cut === undefined) {
    stage.unjudged("cutOff");
    return false;
  }
  stage.trail.note("(the runtime is cut off)");
  await cut();
  return true;
}

async function rejoin(stage: RuntimeStage): Promise<boolean> {
  const { rejoin: join } = stage.subject;
  if (join === undefined) {
    stage.unjudged("rejoin");
    return false;
  }
  stage.trail.note("(the runtime is no longer cut off)");
  await join();
  return true;
}

/** A host that does not answer. */
export const outagePromises: readonly RuntimePromise[] = [
  {
    id: "unreadable-is-not-absent",
    clause: "RT-120",
    level: "MUST",
    title: "cut off, observe says unreadable of what is there and of what is not, and says why",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      // Nothing of this may be remembered and told again.
      await stage.observe();
      if (!(await cutOff(stage))) return;
      for (const id of [stage.id, stage.idOf("nowhere")]) {
        const seen = await stage.observe(id);
        assert.ok(seen.kind === "unreadable", `${stage.nameOf(id)} is ${seen.kind}`);
        assert.ok(seen.failure.retryable, "a look may succeed later");
      }
    },
  },
  {
    id: "unreadable-is-not-empty",
    clause: "RT-121",
    level: "MUST",
    title: "cut off, list throws RUNTIME_UNAVAILABLE and probe says unhealthy",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      await Promise.all([stage.list(), stage.runtime.probe(stage.signal)]);
      if (!(await cutOff(stage))) return;
      const failure = await stage.failureOf(stage.runtime.list(stage.signal));
      assert.ok(AgentError.is(failure), `list: ${String(failure)}`);
      assert.equal(failure.code, "RUNTIME_UNAVAILABLE");
      assert.ok(failure.retryable);
      const health = await stage.runtime.probe(stage.signal);
      assert.ok(!health.healthy, "it is said to be healthy");
      assert.ok(health.failure.message.length > 0);
    },
  },
  {
    id: "changes-fail-while-cut-off",
    clause: "RT-122",
    level: "MUST",
    title: "cut off, every changing call fails, retryable, with RUNTIME_UNAVAILABLE",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.prepare(stage.longRunning("r2"));
      const before = holdingOf(await stage.observe());
      const changes = everyChange(stage);
      if (!(await cutOff(stage))) return;
      for (const change of changes) {
        const { signal } = stage;
        const call = callOf(stage.runtime, stage.id, { change, graceMs, signal });
        const failure = await stage.failureOf(call);
        assert.ok(AgentError.is(failure), `${change.op}: ${String(failure)}`);
        assert.equal(failure.code, "RUNTIME_UNAVAILABLE", `${change.op}: ${failure.message}`);
        assert.ok(failure.retryable, change.op);
      }
      if (!(await rejoin(stage))) return;
      await stage.eventually("it can be read again", async () => {
        return (await stage.observe()).kind !== "unreadable";
      });
      const after = holdingOf(await stage.observe());
      assert.deepEqual(
        faultsAfterNothing({ before, after }),
        [],
        "a call that failed did something",
      );
    },
  },
  {
    id: "an-outage-ends",
    clause: "RT-123",
    level: "MUST",
    title: "after an outage there is what was there before, and everything works again",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const before = await stage.observe();
      if (!(await cutOff(stage))) return;
      assert.equal((await stage.observe()).kind, "unreadable");
      if (!(await rejoin(stage))) return;
      await stage.eventually("it is healthy again", async () => {
        return (await stage.runtime.probe(stage.signal)).healthy;
      });
      assert.deepEqual(await stage.observe(), before);
      assert.ok((await stage.list()).has(stage.id), "it is not listed");
      await stage.stop();
      await stage.runtime.start(target, stage.signal);
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "a-silent-host-holds-nobody",
    clause: "RT-124",
    level: "MUST",
    title: "while the host takes calls and answers none, each ends promptly once its signal aborts",
    check: async (stage) => {
      const { stall } = stage.subject;
      if (stall === undefined) return stage.unjudged("stall");
      await changeScenes.replace.begin(stage, stage.id);
      const before = await stage.observe();
      const changes = everyChange(stage);
      stage.trail.note("(the host falls silent)");
      await stall();
      for (const change of changes) {
        // An outage that is told of at once is as good.
        const cancel = new AbortController();
        const reason = new AgentError("CANCELLED", "enough");
        const { signal } = cancel;
        const ending = stage.outcomeOf(
          callOf(stage.runtime, stage.id, { change, graceMs, signal }),
          stage.promptMs + 100,
        );
        await Promise.race([ending, stage.elapse(100)]);
        cancel.abort(reason);
        const outcome = await ending;
        assert.ok("thrown" in outcome, `${change.op} succeeded without an answer of the host`);
        const { thrown } = outcome;
        const isAway = AgentError.hasCode(thrown, "RUNTIME_UNAVAILABLE");
        assert.ok(thrown === reason || isAway, `${change.op} threw ${String(thrown)}`);
      }
      const cancel = new AbortController();
      const reason = new AgentError("CANCELLED", "enough");
      const reads = [
        stage.runtime.list(cancel.signal),
        stage.runtime.observe(stage.id, cancel.signal),
        stage.runtime.probe(cancel.signal),
      ].map((it) => stage.outcomeOf<unknown>(it, stage.promptMs + 100));
      await stage.elapse(100);
      cancel.abort(reason);
      for (const outcome of await Promise.all(reads)) {
        if ("returned" in outcome) {
          assert.ok(!saysAbsent(outcome.returned), "a host that does not answer has nothing");
        } else {
          const isAway = AgentError.hasCode(outcome.thrown, "RUNTIME_UNAVAILABLE");
          assert.ok(outcome.thrown === reason || isAway, String(outcome.thrown));
        }
      }
      if (!(await rejoin(stage))) return;
      await stage.eventually("it can be read again", async () => {
        return (await stage.observe()).kind === before.kind;
      });
    },
  },
];

function saysAbsent(returned: unknown): boolean {
  if (returned instanceof Map) return returned.size === 0;
  return (
    typeof returned === "object" &&
    returned !== null &&
    "kind" in returned &&
    returned.kind === "absent"
  );
}
