import assert from "node:assert/strict";
import { isLive, keptInstance } from "@persys/core";
import { repetitions, type RuntimePromise } from "./runtime-contract-stage.ts";

/** One revision in the place of another, and back. */
export const replacementPromises: readonly RuntimePromise[] = [
  {
    id: "replace-keeps-the-old",
    level: "MUST",
    title: "replace stops the old revision, keeps it, and runs the new one; again changes nothing",
    check: async (stage) => {
      const second = stage.longRunning("r2");
      await stage.prepareAndReplace(stage.longRunning("r1"), second);
      const first = await stage.current();
      for (let time = 0; time < repetitions; time += 1) {
        await stage.runtime.replace(second, stage.signal);
      }
      const [current, kept] = [await stage.current(), await stage.kept()];
      assert.ok(isLive(current) && !isLive(kept), `${current.state}, ${kept.state}`);
      assert.equal(current.run, first.run);
      assert.deepEqual([current.revisionId, kept.revisionId], ["r2", "r1"]);
    },
  },
  {
    id: "replace-keeps-the-kept",
    level: "MUST",
    title: "replace over a kept one removes the current one, and the kept one stays",
    check: async (stage) => {
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      const third = stage.longRunning("r3");
      await stage.prepare(third);
      await stage.runtime.replace(third, stage.signal);
      assert.equal((await stage.current()).revisionId, "r3");
      assert.equal((await stage.kept()).revisionId, "r1");
    },
  },
  {
    id: "replace-of-the-stopped",
    level: "MUST",
    title: "replace of a stopped revision keeps that and runs the new one",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.runtime.stop(stage.id, 1000, stage.signal);
      const second = stage.longRunning("r2");
      await stage.prepare(second);
      await stage.runtime.replace(second, stage.signal);
      const current = await stage.current();
      assert.ok(isLive(current) && current.revisionId === "r2");
      assert.equal((await stage.kept()).revisionId, "r1");
    },
  },
  {
    id: "replace-of-absent-starts",
    level: "MUST",
    title: "replace where nothing is there runs the target",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepare(target);
      await stage.runtime.replace(target, stage.signal);
      assert.ok(isLive(await stage.current()));
      assert.equal(keptInstance(await stage.observe()), undefined);
    },
  },
  {
    id: "same-spec-another-revision",
    level: "MUST",
    title: "replace tells revisions of the same spec apart",
    check: async (stage) => {
      const spec = stage.subject.specs.longRunning("same");
      await stage.prepareAndReplace(stage.target("r1", spec), stage.target("r2", spec));
      assert.equal((await stage.current()).revisionId, "r2");
      assert.equal((await stage.kept()).revisionId, "r1");
    },
  },
  {
    id: "restore-brings-back",
    level: "MUST",
    title: "restore runs the kept one and removes the other; again changes nothing",
    check: async (stage) => {
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      await stage.runtime.restore(stage.id, stage.signal);
      const first = await stage.current();
      for (let time = 0; time < repetitions; time += 1) {
        await stage.runtime.restore(stage.id, stage.signal);
      }
      const last = await stage.current();
      assert.ok(isLive(last) && last.revisionId === "r1", `${last.revisionId} is ${last.state}`);
      assert.equal(last.run, first.run);
      assert.equal(keptInstance(await stage.observe()), undefined);
    },
  },
  {
    id: "restore-without-kept",
    level: "MUST",
    title: "restore without a kept one succeeds and changes nothing",
    check: async (stage) => {
      await stage.runtime.restore(stage.id, stage.signal);
      await stage.assertAbsent();
      await stage.prepareAndStart(stage.longRunning("r1"));
      const before = await stage.current();
      await stage.runtime.restore(stage.id, stage.signal);
      assert.deepEqual(await stage.current(), before);
    },
  },
  {
    id: "restored-starts-again",
    level: "MUST",
    title: "a restored revision can be killed and started again without a prepare",
    check: async (stage) => {
      const first = stage.longRunning("r1");
      await stage.prepareAndReplace(first, stage.longRunning("r2"));
      await stage.runtime.restore(stage.id, stage.signal);
      await stage.subject.killBehind(stage.id);
      await stage.currentOnce("exited");
      await stage.runtime.start(first, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
  {
    id: "retire-drops-the-kept",
    level: "MUST",
    title: "retire removes the kept one, however often, and leaves the current one running",
    check: async (stage) => {
      const second = stage.longRunning("r2");
      await stage.prepareAndReplace(stage.longRunning("r1"), second);
      const before = await stage.current();
      for (let time = 0; time < repetitions; time += 1) {
        await stage.runtime.retire(stage.id, [second.specDigest], stage.signal);
      }
      assert.equal((await stage.current()).run, before.run);
      assert.equal(keptInstance(await stage.observe()), undefined);
      await stage.runtime.stop(stage.id, 1000, stage.signal);
      await stage.runtime.start(second, stage.signal);
    },
  },
  {
    id: "retire-of-absent-succeeds",
    level: "MUST",
    title: "retire where nothing is there succeeds and makes nothing",
    check: async (stage) => {
      await stage.runtime.retire(stage.id, [], stage.signal);
      await stage.assertAbsent();
    },
  },
  {
    id: "stop-and-remove-take-the-kept",
    level: "MUST",
    title: "remove takes the kept one as well",
    check: async (stage) => {
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      await stage.runtime.stop(stage.id, 1000, stage.signal);
      assert.ok(!isLive(await stage.current()) && !isLive(await stage.kept()));
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
];
