import assert from "node:assert/strict";
import { AgentError, currentInstance, isLive } from "@persys/core";
import { repetitions, type RuntimePromise } from "./runtime-contract-stage.ts";

async function repeat(call: () => Promise<void>): Promise<void> {
  for (let time = 0; time < repetitions; time += 1) await call();
}

/** From nothing to running, to an end, and to nothing again. */
export const lifecyclePromises: readonly RuntimePromise[] = [
  {
    id: "prepare-is-idempotent",
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
    level: "MUST",
    title: "start of what was not prepared works or fails with NOT_PREPARED, leaving nothing live",
    check: async (stage) => {
      const outcome = await stage.outcomeOf(
        stage.runtime.start(stage.longRunning("r1"), stage.signal),
      );
      if (!("thrown" in outcome)) return;
      assert.ok(AgentError.hasCode(outcome.thrown, "NOT_PREPARED"), String(outcome.thrown));
      assert.equal(outcome.thrown.effect, "none");
      const current = currentInstance(await stage.observe());
      assert.ok(current === undefined || !isLive(current));
    },
  },
  {
    id: "start-is-idempotent",
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
    id: "exit-codes-are-kept",
    level: "MUST",
    title: "the code with which a program ends is seen, and when",
    check: async (stage) => {
      for (const code of [0, 1, 42]) {
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
    level: "MUST",
    title: "a program killed behind the runtime is seen as ended, never with 0, and starts again",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      await stage.subject.killBehind(stage.id);
      const { exit } = await stage.currentOnce("exited");
      assert.ok(exit !== undefined && !(exit.kind === "code" && exit.code === 0), "exit 0");
      await stage.runtime.start(target, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
  {
    id: "stop-is-idempotent",
    level: "MUST",
    title: "stop, however often, ends what runs and keeps it for a later start",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      await stage.runtime.stop(stage.id, 1000, stage.signal);
      const first = await stage.current();
      assert.equal(first.state, "exited", "it runs on after stop returned");
      await repeat(() => stage.runtime.stop(stage.id, 1000, stage.signal));
      assert.deepEqual(await stage.current(), first);
      await stage.runtime.start(target, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
  {
    id: "stop-of-absent-succeeds",
    level: "MUST",
    title: "stop of what is not there succeeds and makes nothing",
    check: async (stage) => {
      await repeat(() => stage.runtime.stop(stage.id, 1000, stage.signal));
      await stage.assertAbsent();
    },
  },
  {
    id: "stop-is-forced",
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
    level: "MUST",
    title: "remove of what is not there succeeds",
    check: async (stage) => {
      await repeat(() => stage.runtime.remove(stage.id, stage.signal));
      await stage.assertNothingLeft();
    },
  },
  {
    id: "remove-takes-the-prepared",
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
    level: "MUST",
    title: "workloads are started, stopped and removed without touching each other",
    check: async (stage) => {
      const ids = Array.from({ length: 10 }, (_, at) => stage.idOf(`many-${at}`));
      await Promise.all(ids.map((id) => stage.prepareAndStart(stage.longRunning("r1", id))));
      const listed = await stage.runtime.list(stage.signal);
      assert.deepEqual([...listed.keys()].toSorted(), ids.toSorted());
      const [first, ...others] = ids;
      assert.ok(first !== undefined);
      await stage.runtime.remove(first, stage.signal);
      for (const id of others) assert.ok(isLive(await stage.current(id)), id);
    },
  },
];
