import assert from "node:assert/strict";
import { type Instance, isLive, type WorkloadId } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";

/** Several workloads at once. */
export const neighbourPromises: readonly RuntimePromise[] = [
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
];
