import assert from "node:assert/strict";
import { AgentError, currentInstance, isLive, keptInstance } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import { repetitions } from "./runtime-stage.ts";

/** One revision in the place of another, and back. */
export const replacementPromises: readonly RuntimePromise[] = [
  {
    id: "replace-keeps-the-old",
    clause: "RT-050",
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
    clause: "RT-051",
    level: "MUST",
    title: "replace over a kept one removes the current one, up or down, and the kept one stays",
    check: async (stage) => {
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      const third = stage.longRunning("r3");
      await stage.prepare(third);
      await stage.runtime.replace(third, stage.signal);
      assert.equal((await stage.current()).revisionId, "r3");
      assert.equal((await stage.kept()).revisionId, "r1");

      await stage.stop();
      const fourth = stage.longRunning("r4");
      await stage.prepare(fourth);
      await stage.runtime.replace(fourth, stage.signal);
      const current = await stage.current();
      assert.ok(isLive(current) && current.revisionId === "r4");
      assert.equal((await stage.kept()).revisionId, "r1");
    },
  },
  {
    id: "replace-of-the-stopped",
    clause: "RT-050",
    level: "MUST",
    title: "replace of a stopped revision keeps that and runs the new one",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.stop();
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
    clause: "RT-052",
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
    clause: "RT-054",
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
    id: "replace-needs-prepare",
    clause: "RT-055",
    level: "MUST",
    title: "replace with what was not prepared works or fails with NOT_PREPARED, changing nothing",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const before = await stage.observe();
      const outcome = await stage.outcomeOf(
        stage.runtime.replace(stage.longRunning("r2"), stage.signal),
      );
      if (!("thrown" in outcome)) return;
      assert.ok(AgentError.hasCode(outcome.thrown, "NOT_PREPARED"), String(outcome.thrown));
      assert.equal(outcome.thrown.effect, "none");
      assert.deepEqual(await stage.observe(), before);
    },
  },
  {
    id: "replace-of-the-same",
    clause: "RT-052",
    level: "MUST",
    title:
      "replace with what is current already changes nothing while it is up, and runs it when it is down",
    check: async (stage) => {
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const before = await stage.observe();
      await stage.runtime.replace(target, stage.signal);
      assert.deepEqual(await stage.observe(), before);
      await stage.stop();
      await stage.runtime.replace(target, stage.signal);
      const current = await stage.current();
      assert.ok(isLive(current), current.state);
      assert.equal(keptInstance(await stage.observe()), undefined);
    },
  },
  {
    id: "replace-by-another-creation",
    clause: "RT-054",
    level: "MUST",
    title: "replace tells creations of the same revision apart",
    check: async (stage) => {
      const first = stage.longRunning("r1");
      await stage.prepareAndStart(first);
      const old = await stage.current();
      const second = { ...first, uid: `another-${first.uid}` };
      await stage.prepare(second);
      await stage.runtime.replace(second, stage.signal);
      const current = await stage.current();
      assert.ok(isLive(current), current.state);
      assert.equal(current.uid, second.uid);
      assert.notEqual(current.run, old.run, "it is a run of the other creation");
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
  {
    id: "drift-is-seen-and-set-right",
    clause: "RT-056",
    level: "MUST",
    title: "an instance that was changed behind the runtime shows it, and replace sets it right",
    check: async (stage) => {
      const { driftBehind } = stage.subject;
      if (driftBehind === undefined) return stage.unjudged("driftBehind");
      const target = stage.longRunning("r1");
      await stage.prepareAndStart(target);
      const before = await stage.observe();
      assert.deepEqual(currentInstance(before)?.drift, [], "it drifts from the beginning");
      await stage.behind("change", stage.id, driftBehind);
      await stage.eventually("the drift is seen", async () => {
        const [phrase] = (await stage.current()).drift;
        return phrase !== undefined && phrase !== "";
      });
      const drifted = await stage.observe();
      assert.ok(drifted.kind === "present" && before.kind === "present");
      assert.notEqual(drifted.glance, before.glance, "the glance does not tell of it");
      await stage.runtime.replace(target, stage.signal);
      const current = await stage.current();
      assert.ok(isLive(current), current.state);
      assert.deepEqual([current.drift, current.revisionId], [[], target.revisionId]);
      assert.equal(keptInstance(await stage.observe()), undefined, "what had drifted was kept");
    },
  },
  {
    id: "restore-brings-back",
    clause: "RT-060",
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
    clause: "RT-061",
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
    clause: "RT-062",
    level: "MUST",
    title: "a restored revision can be killed and started again without a prepare",
    check: async (stage) => {
      const first = stage.longRunning("r1");
      await stage.prepareAndReplace(first, stage.longRunning("r2"));
      await stage.runtime.restore(stage.id, stage.signal);
      await stage.kill();
      await stage.currentOnce("exited");
      await stage.runtime.start(first, stage.signal);
      assert.ok(isLive(await stage.current()));
    },
  },
  {
    id: "retire-drops-the-kept",
    clause: "RT-057",
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
      await stage.stop();
      await stage.runtime.start(second, stage.signal);
    },
  },
  {
    id: "retire-keeps-what-it-is-told-to",
    clause: "RT-059",
    level: "MUST",
    title: "what prepare made for the digests to keep is there after retire",
    check: async (stage) => {
      const [first, second] = [stage.longRunning("r1"), stage.longRunning("r2")];
      await stage.prepareAndReplace(first, second);
      const third = stage.longRunning("r3");
      await stage.prepare(third);
      await stage.runtime.retire(stage.id, [second.specDigest, third.specDigest], stage.signal);
      await stage.runtime.replace(third, stage.signal);
      assert.equal((await stage.current()).revisionId, "r3");
      assert.equal((await stage.kept()).revisionId, "r2");
    },
  },
  {
    id: "retire-drops-what-is-prepared",
    clause: "RT-059",
    level: "MUST",
    title: "what prepare made for other digests than those to keep is gone after retire",
    check: async (stage) => {
      const { leftovers } = stage.subject;
      if (leftovers === undefined) return stage.unjudged("leftovers");
      const first = stage.longRunning("r1");
      await stage.prepareAndStart(first);
      await stage.runtime.retire(stage.id, [first.specDigest], stage.signal);
      const before = (await leftovers()).toSorted();
      await stage.prepare(stage.longRunning("r2"));
      await stage.runtime.retire(stage.id, [first.specDigest], stage.signal);
      assert.deepEqual((await leftovers()).toSorted(), before);
    },
  },
  {
    id: "retire-of-absent-succeeds",
    clause: "RT-058",
    level: "MUST",
    title: "retire where nothing is there succeeds and makes nothing",
    check: async (stage) => {
      await stage.runtime.retire(stage.id, [], stage.signal);
      await stage.assertAbsent();
    },
  },
  {
    id: "stop-and-remove-take-the-kept",
    clause: "RT-063",
    level: "MUST",
    title: "remove takes the kept one as well",
    check: async (stage) => {
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      await stage.stop();
      assert.ok(!isLive(await stage.current()) && !isLive(await stage.kept()));
      await stage.runtime.remove(stage.id, stage.signal);
      await stage.assertNothingLeft();
    },
  },
];
