import assert from "node:assert/strict";
import {
  AgentError,
  currentInstance,
  type Instance,
  isLive,
  keptInstance,
  type WorkloadId,
} from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import { repetitions } from "./runtime-stage.ts";

async function repeat(call: () => Promise<void>): Promise<void> {
  for (let time = 0; time < repetitions; time += 1) await call();
}

/** From nothing to running, to an end, and to nothing again. */
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
      await stage.prepareAndStart(stage.target("r1", stage.subject.specs.exitsWith(1)));
      const ended = await stage.currentOnce("exited");
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
      for (const code of [0, 1, 42, 255]) {
        const id = stage.idOf(`exit-${code}`);
        const target = stage.target("r1", stage.subject.specs.exitsWith(code), id);
        await stage.prepareAndStart(target);
        const { exit } = await stage.currentOnce("exited", id);
        assert.ok(exit?.kind === "code" && exit.code === code, JSON.stringify(exit));
        await stage.runtime.remove(id, stage.signal);
      }
    },
  },
  {
    id: "ended-runs-again",
    clause: "RT-036",
    level: "MUST",
    title: "start runs an exited instance again, as another run",
    check: async (stage) => {
      const target = stage.target("r1", stage.subject.specs.exitsWith(3));
      await stage.prepareAndStart(target);
      const first = await stage.currentOnce("exited");
      await stage.runtime.start(target, stage.signal);
      const second = await stage.currentOnce("exited");
      assert.notEqual(second.run, first.run);
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
      const { gracefulExitCode } = stage.subject;
      if (gracefulExitCode === undefined) return;
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
    id: "ids-are-independent",
    clause: "RT-048",
    level: "MUST",
    title: "workloads are started, stopped and removed without touching each other",
    check: async (stage) => {
      const ids = Array.from({ length: 10 }, (_, at) => stage.idOf(`many-${at}`));
      await Promise.all(ids.map((id) => stage.prepareAndStart(stage.longRunning("r1", id))));
      assert.deepEqual([...(await stage.list()).keys()].toSorted(), ids.toSorted());
      const [first, ...others] = ids;
      assert.ok(first !== undefined);
      await stage.runtime.remove(first, stage.signal);
      for (const id of others) assert.ok(isLive(await stage.current(id)), id);
    },
  },
  {
    id: "a-long-call-holds-up-nobody",
    clause: "RT-049",
    level: "MUST",
    title: "while a stop takes its time, looks at it and calls for another workload end promptly",
    check: async (stage) => {
      const other = stage.longRunning("r1", stage.idOf("b"));
      await stage.prepare(other);
      if ((await stage.startIgnoringStop()) === undefined) return;
      const cancel = new AbortController();
      const reason = new Error("enough");
      const stopping = stage.outcomeOf(stage.runtime.stop(stage.id, 3_600_000, cancel.signal));
      await stage.elapse(50);
      const { runtime, signal } = stage;
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        observe: () => stage.observe(),
        list: () => stage.list(),
        probe: () => runtime.probe(signal),
        start: () => runtime.start(other, signal),
        "stop of another": () => stage.stop(other.id),
        "remove of another": () => runtime.remove(other.id, signal),
      };
      for (const [name, call] of Object.entries(calls)) {
        const outcome = await stage.outcomeOf(call(), stage.patienceMs / 2);
        assert.ok("returned" in outcome, `${name} fails`);
      }
      cancel.abort(reason);
      await stopping;
    },
  },
  {
    id: "similar-ids-are-told-apart",
    clause: "RT-047",
    level: "MUST",
    title: "ids that begin alike, or differ in case or punctuation, are different workloads",
    check: async (stage) => {
      const ids = ["n", "N", "n.b", "n-b", "n_b", "nb", "n-kept", "n-1", "n.current"].map((it) =>
        stage.idOf(it),
      );
      const [first] = ids;
      assert.ok(first !== undefined);
      await Promise.all(ids.map((id) => stage.prepareAndStart(stage.longRunning("r1", id))));
      const before = new Map<WorkloadId, Instance>();
      for (const id of ids) before.set(id, await stage.current(id));
      const assertUntouched = async (by: WorkloadId): Promise<void> => {
        for (const [id, was] of before)
          assert.deepEqual(await stage.current(id), was, `${id} was touched by a call for ${by}`);
      };
      before.delete(first);
      const second = stage.longRunning("r2", first);
      await stage.prepare(second);
      await stage.runtime.replace(second, stage.signal);
      await stage.runtime.restore(first, stage.signal);
      await stage.runtime.retire(first, [], stage.signal);
      await stage.stop(first);
      await assertUntouched(first);
      for (const id of ids) {
        before.delete(id);
        await stage.runtime.remove(id, stage.signal);
        await stage.assertAbsent(id);
        await assertUntouched(id);
      }
    },
  },
  {
    id: "long-ids-are-ids",
    clause: "RT-047",
    level: "MUST",
    title: "two ids of 128 characters that differ in the last one are different workloads",
    check: async (stage) => {
      const begin = stage.idOf("x").padEnd(127, "x");
      const [one, other] = [`${begin}1` as WorkloadId, `${begin}2` as WorkloadId];
      await stage.prepareAndStart(stage.longRunning("r1", one));
      await stage.assertAbsent(other);
      await stage.prepareAndStart(stage.longRunning("r1", other));
      await stage.runtime.remove(one, stage.signal);
      await stage.assertAbsent(one);
      assert.ok(isLive(await stage.current(other)));
      await stage.runtime.remove(other, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "prepare-tells-of-its-failure",
    clause: "RT-032",
    level: "MUST",
    title: "a prepare that cannot succeed fails with an AgentError each time, and starts nothing",
    check: async (stage) => {
      const spec = stage.subject.specs.failsToPrepare?.();
      if (spec === undefined) return stage.unjudged("spec that cannot be prepared");
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
      if (spec === undefined) return stage.unjudged("spec that cannot be started");
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
