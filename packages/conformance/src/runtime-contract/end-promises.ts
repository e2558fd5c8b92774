import assert from "node:assert/strict";
import { isLive } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import { repetitions } from "./runtime-stage.ts";
import { runToItsEnd } from "./scenes.ts";

async function repeat(call: () => Promise<void>): Promise<void> {
  for (let time = 0; time < repetitions; time += 1) await call();
}

/** Ends: asked for, forced, by themselves, or brought about by somebody else. */
export const endPromises: readonly RuntimePromise[] = [
  {
    id: "stop-ends-the-paused",
    clause: "RT-037",
    level: "MUST",
    title: "a paused instance can be stopped, and removed",
    check: async (stage) => {
      const { pauseBehind } = stage.subject;
      if (pauseBehind === undefined) return stage.unjudged("pauseBehind");
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.behind("pause", stage.id, pauseBehind);
      await stage.currentOnce("paused");
      await stage.stop();
      assert.equal((await stage.current()).state, "exited");
      const again = stage.idOf("b");
      await stage.prepareAndStart(stage.longRunning("r1", again));
      await stage.behind("pause", again, pauseBehind);
      await stage.currentOnce("paused", again);
      await stage.runtime.remove(again, stage.signal);
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "nothing-restarts-by-itself",
    clause: "RT-045",
    level: "MUST",
    title: "what has ended stays ended until it is started",
    check: async (stage) => {
      await runToItsEnd(stage, "r1");
      const ended = await stage.current();
      await stage.elapse(stage.windDownMs);
      assert.deepEqual(await stage.current(), ended);
      const killed = stage.idOf("b");
      await stage.prepareAndStart(stage.longRunning("r1", killed));
      await stage.kill(killed);
      const dead = await stage.currentOnce("exited", killed);
      await stage.elapse(stage.windDownMs);
      assert.deepEqual(await stage.current(killed), dead);
    },
  },
  {
    id: "removed-behind-is-absent",
    clause: "RT-046",
    level: "MUST",
    title: "what was removed behind the runtime is absent, and can be made again",
    check: async (stage) => {
      const { removeBehind } = stage.subject;
      if (removeBehind === undefined) return stage.unjudged("removeBehind");
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const before = await stage.current();
      await stage.behind("remove", stage.id, removeBehind);
      await stage.eventually("it is absent", async () => (await stage.observe()).kind === "absent");
      assert.ok(!(await stage.list()).has(stage.id), "it is still listed");
      await stage.prepareAndStart(target);
      const after = await stage.current();
      assert.ok(isLive(after) && after.run !== before.run, `${after.state}, run ${after.run}`);
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "exit-codes-are-kept",
    clause: "RT-043",
    level: "MUST",
    title: "the code with which a program ends is seen, and when",
    check: async (stage) => {
      const { exitsWith } = stage.subject.specs;
      if (exitsWith === undefined)
        return stage.unjudged("program that ends with a code (specs.exitsWith)");
      for (const code of [0, 1, 42, 255]) {
        const id = stage.idOf(`exit-${code}`);
        const target = stage.target("r1", exitsWith(code), id);
        await stage.prepareAndStart(target);
        const { exit } = await stage.currentOnce("exited", id);
        assert.ok(exit?.kind === "code" && exit.code === code, JSON.stringify(exit));
        await stage.runtime.remove(id, stage.signal);
      }
    },
  },
  {
    id: "kill-is-an-end",
    clause: "RT-044",
    level: "MUST",
    title: "a program killed behind the runtime is seen as ended, never with 0, and starts again",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      await stage.kill();
      const { exit } = await stage.currentOnce("exited");
      assert.ok(exit !== undefined && !(exit.kind === "code" && exit.code === 0), "exit 0");
      await stage.runtime.start(target, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
  {
    id: "stop-is-idempotent",
    clause: "RT-039",
    level: "MUST",
    title: "stop, however often, ends what runs and keeps it for a later start",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      await stage.stop();
      const first = await stage.current();
      assert.equal(first.state, "exited", "it runs on after stop returned");
      await repeat(() => stage.stop());
      assert.deepEqual(await stage.current(), first);
      await stage.runtime.start(target, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
  {
    id: "stop-is-graceful",
    clause: "RT-038",
    level: "MUST",
    title:
      "stop asks first: a program that ends within the grace is not forced, nor waited for longer",
    check: async (stage) => {
      const { gracefulExitCode } = stage.subject;
      if (gracefulExitCode === undefined) return stage.unjudged("gracefulExitCode");
      await stage.prepareAndStart(stage.longRunning("r1"));
      // A runtime that sits out the grace does not return within anybody's patience.
      await stage.stop(stage.id, 3_600_000);
      const { exit } = await stage.current();
      assert.equal(exit?.kind === "code" ? exit.code : undefined, gracefulExitCode);
    },
  },
  {
    id: "stop-waits-for-the-end",
    clause: "RT-038",
    level: "MUST",
    title: "stop returns once the program has ended, which it lets take its time within the grace",
    check: async (stage) => {
      if ((await stage.startStoppingSlowly(400)) === undefined) return;
      await stage.stop(stage.id, 3_600_000);
      const { state, exit } = await stage.current();
      assert.equal(state, "exited", "it runs on after stop returned");
      const { gracefulExitCode } = stage.subject;
      if (gracefulExitCode === undefined) return;
      assert.equal(exit?.kind === "code" ? exit.code : undefined, gracefulExitCode);
    },
  },
  {
    id: "replace-waits-for-the-end",
    clause: "RT-053",
    level: "MUST",
    title: "replace lets the old revision take its time to end, and starts the new one after that",
    check: async (stage) => {
      const first = await stage.startStoppingSlowly(400);
      if (first === undefined) return;
      const second = stage.longRunning("r2");
      await stage.prepare(second);
      const replacing = stage.runtime.replace(second, stage.signal);
      // A look at two that are live fails.
      const outcome = await stage.meanwhile(replacing, async () => void (await stage.observe()));
      if ("thrown" in outcome) throw outcome.thrown;
      const { exit } = await stage.kept();
      const { forgetsKeptExits = false, gracefulExitCode } = stage.subject;
      if (gracefulExitCode === undefined) return;
      if (forgetsKeptExits && exit?.kind === "unknown") return;
      assert.equal(exit?.kind === "code" ? exit.code : undefined, gracefulExitCode);
    },
  },
  {
    id: "stop-of-absent-succeeds",
    clause: "RT-040",
    level: "MUST",
    title: "stop of what is not there succeeds and makes nothing",
    check: async (stage) => {
      await repeat(() => stage.stop());
      await stage.assertAbsent();
    },
  },
  {
    id: "stop-is-forced",
    clause: "RT-038",
    level: "MUST",
    title: "stop forces what does not end within its grace",
    check: async (stage) => {
      if ((await stage.startIgnoringStop()) === undefined) return;
      await stage.outcomeOf(stage.runtime.stop(stage.id, 50, stage.signal));
      assert.equal((await stage.current()).state, "exited");
    },
  },
  {
    id: "remove-is-idempotent",
    clause: "RT-041",
    level: "MUST",
    title: "remove, however often, ends what runs and leaves nothing",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      await repeat(() => stage.runtime.remove(stage.id, stage.signal));
      await stage.assertNothingLeft();
    },
  },
  {
    id: "remove-of-absent-succeeds",
    clause: "RT-041",
    level: "MUST",
    title: "remove of what is not there succeeds",
    check: async (stage) => {
      await repeat(() => stage.runtime.remove(stage.id, stage.signal));
      await stage.assertNothingLeft();
    },
  },
  {
    id: "remove-takes-the-prepared",
    clause: "RT-042",
    level: "MUST",
    title: "remove takes what prepare made for any revision",
    check: async (stage) => {
      await stage.prepare(stage.longRunning("r1"));
      await stage.prepareAndStart(stage.longRunning("r2"));
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "an-unseen-end-is-unknown",
    clause: "RT-044",
    level: "MUST",
    title: "an end that nobody saw is an unknown one, never a success",
    check: async (stage) => {
      const { loseExitBehind } = stage.subject;
      if (loseExitBehind === undefined) return stage.unjudged("loseExitBehind");
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      await stage.behind("lose the end of", stage.id, loseExitBehind);
      const { exit } = await stage.currentOnce("exited");
      assert.equal(exit?.kind, "unknown");
      await stage.runtime.start(target, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
];
