import assert from "node:assert/strict";
import { AgentError, currentInstance, isLive, keptInstance } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import { repetitions } from "./runtime-stage.ts";
import { runToItsEnd } from "./scenes.ts";

async function repeat(call: () => Promise<void>): Promise<void> {
  for (let time = 0; time < repetitions; time += 1) await call();
}

/** From nothing to running. */
export const lifecyclePromises: readonly RuntimePromise[] = [
  {
    id: "prepare-is-idempotent",
    clause: "RT-030",
    level: "MUST",
    title: "prepare, however often, starts nothing",
    check: async (stage) => {
      await repeat(() => stage.prepare(stage.longRunning("r1")));
      const current = currentInstance(await stage.observe());
      assert.ok(current === undefined || !isLive(current), JSON.stringify(current));
    },
  },
  {
    id: "prepare-disturbs-nothing",
    clause: "RT-031",
    level: "MUST",
    title: "prepare of another revision leaves what runs as it is",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const before = await stage.current();
      await stage.prepare(stage.longRunning("r2"));
      assert.deepEqual(await stage.current(), before);
    },
  },
  {
    id: "start-needs-prepare",
    clause: "RT-034",
    level: "MUST",
    title: "start of what was not prepared works or fails with NOT_PREPARED, leaving nothing live",
    check: async (stage) => {
      const outcome = await stage.outcomeOf(
        stage.runtime.start(stage.longRunning("r1"), stage.signal),
      );
      if (!("thrown" in outcome)) return;
      assert.ok(AgentError.hasCode(outcome.thrown, "NOT_PREPARED"), String(outcome.thrown));
      assert.equal(outcome.thrown.effect, "none");
      assert.ok(outcome.thrown.retryable, "prepared again it can be started: it is retryable");
      const current = currentInstance(await stage.observe());
      assert.ok(current === undefined || !isLive(current));
    },
  },
  {
    id: "start-is-idempotent",
    clause: "RT-033",
    level: "MUST",
    title: "start, however often, is one run of one instance with the target's marks",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const first = await stage.current();
      await repeat(() => stage.runtime.start(target, stage.signal));
      const last = await stage.current();
      assert.ok(isLive(last), last.state);
      assert.equal(last.run, first.run);
      assert.equal(last.handle, first.handle);
      assert.deepEqual(
        [last.uid, last.revisionId, last.specDigest],
        [target.uid, target.revisionId, target.specDigest],
      );
      assert.ok(last.startedAtMs !== undefined && last.drift.length === 0);
    },
  },
  {
    id: "start-over-another-revision",
    clause: "RT-035",
    level: "MUST",
    title: "start where another revision is replaces that, or fails having changed nothing",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const before = await stage.observe();
      const second = stage.longRunning("r2");
      await stage.prepare(second);
      const outcome = await stage.outcomeOf(stage.runtime.start(second, stage.signal));
      const after = await stage.observe();
      if ("returned" in outcome) {
        assert.equal(currentInstance(after)?.revisionId, "r2");
        assert.equal(keptInstance(after)?.revisionId, "r1", "the other one was not kept");
        return;
      }
      assert.ok(AgentError.is(outcome.thrown), String(outcome.thrown));
      assert.equal(outcome.thrown.effect, "none");
      assert.deepEqual(after, before);
    },
  },
  {
    id: "start-resumes-the-paused",
    clause: "RT-037",
    level: "MUST",
    title: "start of a paused instance lets the same run go on",
    check: async (stage) => {
      const { pauseBehind } = stage.subject;
      if (pauseBehind === undefined) return stage.unjudged("pauseBehind");
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const before = await stage.current();
      await stage.behind("pause", stage.id, pauseBehind);
      await stage.currentOnce("paused");
      await stage.runtime.start(target, stage.signal);
      const after = await stage.currentOnce("running");
      assert.deepEqual([after.handle, after.run], [before.handle, before.run]);
    },
  },
  {
    id: "ended-runs-again",
    clause: "RT-036",
    level: "MUST",
    title: "start runs an exited instance again, as another run",
    check: async (stage) => {
      const target = await runToItsEnd(stage, "r1");
      const first = await stage.current();
      await stage.runtime.start(target, stage.signal);
      const endsAgain = stage.subject.specs.exitsWith !== undefined;
      const second = await stage.currentOnce(endsAgain ? "exited" : "running");
      assert.equal(second.handle, first.handle);
      assert.notEqual(second.run, first.run);
    },
  },
  {
    id: "prepare-tells-of-its-failure",
    clause: "RT-032",
    level: "MUST",
    title: "a prepare that cannot succeed fails with an AgentError each time, and starts nothing",
    check: async (stage) => {
      const spec = stage.subject.specs.failsToPrepare?.();
      if (spec === undefined)
        return stage.unjudged("spec that cannot be prepared (specs.failsToPrepare)");
      const target = stage.target("r1", spec);
      for (let time = 0; time < 2; time += 1) {
        const failure = await stage.failureOf(stage.prepare(target));
        assert.ok(AgentError.is(failure), String(failure));
        assert.ok(failure.code !== "INTERNAL" && failure.message !== "", failure.code);
      }
      const current = currentInstance(await stage.observe());
      assert.ok(current === undefined || !isLive(current), "it runs");
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "start-tells-of-its-failure",
    clause: "RT-032",
    level: "MUST",
    title:
      "a start that cannot succeed fails with an AgentError each time, or is seen to have ended",
    check: async (stage) => {
      const spec = stage.subject.specs.failsToStart?.();
      if (spec === undefined)
        return stage.unjudged("spec that cannot be started (specs.failsToStart)");
      const target = stage.target("r1", spec);
      await stage.prepare(target);
      for (let time = 0; time < 2; time += 1) {
        const outcome = await stage.outcomeOf(stage.runtime.start(target, stage.signal));
        if ("returned" in outcome) {
          const { exit } = await stage.currentOnce("exited");
          assert.ok(exit?.kind !== "code" || exit.code !== 0, "it has ended well");
        } else {
          const { thrown } = outcome;
          assert.ok(AgentError.is(thrown), String(thrown));
          assert.ok(thrown.code !== "INTERNAL" && thrown.message !== "", thrown.code);
        }
        const current = currentInstance(await stage.observe());
        assert.ok(current === undefined || !isLive(current), "it runs");
      }
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
];
