import assert from "node:assert/strict";
import { AgentError, isLive } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import type { Stranger } from "./runtime-subject.ts";

/** Puts a stranger there, makes every call under its name, and sees whether it is as it was. */
async function leaveAlone(stage: RuntimeStage, stranger: Stranger): Promise<void> {
  const { id, runtime, signal } = stage;
  const isIntact = async (after: string): Promise<void> =>
    assert.ok(await stranger.isIntact(id), `after ${after} the stranger is not as it was`);
  await stage.behind("put a stranger as", id, stranger.add);
  await stage.assertAbsent();
  const target = stage.longRunning("r1");
  for (const call of ["stop", "retire", "restore", "remove"] as const) {
    if (call === "stop") await runtime.stop(id, 0, signal);
    else if (call === "retire") await runtime.retire(id, [], signal);
    else await runtime[call](id, signal);
    await isIntact(call);
    await stage.assertAbsent();
  }
  for (const call of ["prepare", "start", "replace"] as const) {
    const made = call === "prepare" ? stage.prepare(target) : runtime[call](target, signal);
    const outcome = await stage.outcomeOf(made);
    if ("thrown" in outcome) assertRefusal(call, outcome.thrown);
    else if (call !== "prepare")
      assert.ok(isLive(await stage.current()), `${call} succeeded, and nothing of ours runs`);
    await isIntact(call);
  }
  await stage.stop();
  await isIntact("stop");
  await runtime.remove(id, signal);
  await isIntact("remove");
  await stage.assertAbsent();
}

function assertRefusal(call: string, thrown: unknown): void {
  assert.ok(AgentError.is(thrown), `${call}: ${String(thrown)}`);
  const isRefusal = thrown.code === "NAME_CONFLICT" || thrown.code === "NOT_PREPARED";
  assert.ok(isRefusal, `${call} fails with ${thrown.code}: ${thrown.message}`);
  assert.equal(thrown.effect, "none", call);
}

/** The restart of an agent, and what is not the agent's. */
export const ownershipPromises: readonly RuntimePromise[] = [
  {
    id: "a-restart-is-invisible",
    clause: "RT-070",
    level: "MUST",
    title: "another runtime over the same host sees the same, and goes on with it",
    check: async (stage) => {
      const reopened = await stage.reopened();
      if (reopened === undefined) return stage.unjudged("reopen");
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      const before = await stage.observe();
      const again = (await stage.reopened()) ?? reopened;
      assert.deepEqual(await stage.observe(stage.id, again), before);
      assert.deepEqual(await stage.list(again), await stage.list());
      await again.restore(stage.id, stage.signal);
      assert.equal((await stage.current()).revisionId, "r1");
      await reopened.remove(stage.id, stage.signal);
      await stage.assertAbsent();
      await stage.assertNothingLeft();
    },
  },
  {
    id: "a-restart-keeps-what-is-prepared",
    clause: "RT-071",
    level: "MUST",
    title: "what one runtime prepared another starts, and one sees the ends that the other missed",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepare(target);
      const reopened = await stage.reopened();
      if (reopened === undefined) return stage.unjudged("reopen");
      await reopened.start(target, stage.signal);
      const first = await stage.current();
      await stage.kill();
      await stage.currentOnce("exited");
      await reopened.start(target, stage.signal);
      const { run } = await stage.current();
      await stage.kill();
      await stage.currentOnce("exited");
      const third = await stage.reopened();
      const seen = await stage.observe(stage.id, third ?? reopened);
      assert.deepEqual(seen, await stage.observe());
      assert.equal(seen.kind === "present" ? seen.instances[0]?.run : undefined, run);
      await (third ?? reopened).start(target, stage.signal);
      const last = await stage.current();
      assert.ok(last.run !== run && last.run !== first.run, `run ${last.run} has been before`);
    },
  },
  {
    id: "strangers-are-left-alone",
    clause: "RT-072",
    level: "MUST",
    title:
      "what has the name of a workload and none of our marks is not seen and not touched by any call",
    check: async (stage) => {
      const { stranger } = stage.subject;
      if (stranger === undefined) return stage.unjudged("stranger");
      await leaveAlone(stage, stranger);
    },
  },
  {
    id: "look-alikes-are-left-alone",
    clause: "RT-073",
    level: "MUST",
    title:
      "what bears some of our marks, or those of another node, is not seen and not touched by any call",
    check: async (stage) => {
      const { lookAlikes } = stage.subject;
      if (lookAlikes === undefined) return stage.unjudged("lookAlikes");
      await leaveAlone(stage, lookAlikes);
    },
  },
  {
    id: "strangers-near-a-workload",
    clause: "RT-072",
    level: "MUST",
    title: "strangers with names near that of a workload are left alone while it lives and goes",
    check: async (stage) => {
      const { stranger } = stage.subject;
      if (stranger === undefined) return stage.unjudged("stranger");
      const near = ["a-kept", "a-old", "ab", "a.1"].map((it) => stage.idOf(it));
      for (const id of near) await stage.behind("put a stranger as", id, stranger.add);
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      await stage.runtime.restore(stage.id, stage.signal);
      await stage.runtime.remove(stage.id, stage.signal);
      for (const id of near) assert.ok(await stranger.isIntact(id), `${id} was touched`);
    },
  },
];
