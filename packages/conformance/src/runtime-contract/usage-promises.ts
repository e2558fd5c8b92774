import assert from "node:assert/strict";
import type { UsageSnapshot } from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";

const counters = ["diskReadBytes", "diskWriteBytes", "netRxBytes", "netTxBytes"] as const;

function assertPlausible(it: UsageSnapshot): void {
  for (const name of [...counters, "cpuPercent", "memoryBytes", "collectedAtMs"] as const)
    assert.ok(Number.isFinite(it[name]) && it[name] >= 0, `${name} is ${it[name]}`);
  assert.ok(it.memoryBytes > 0, "what runs needs memory");
  assert.notEqual(it.source, "", "it is not said where the numbers come from");
}

/** Measurements, where a runtime declares them. Where it does not, it must not have the method (RT-002). */
export const usagePromises: readonly RuntimePromise[] = [
  {
    id: "usage-is-of-the-running",
    clause: "RT-100",
    level: "MUST",
    title: "usage measures what runs and was asked for, and leaves out the rest",
    check: async (stage) => {
      const { runtime, signal } = stage;
      if (runtime.usage === undefined) return;
      const [running, alsoRunning, stopped, gone] = ["u-1", "u-2", "u-3", "u-4"].map((it) =>
        stage.idOf(it),
      );
      assert.ok(running && alsoRunning && stopped && gone);
      for (const id of [running, alsoRunning, stopped])
        await stage.prepareAndStart(stage.longRunning("r1", id));
      await stage.stop(stopped);
      const measured = await runtime.usage([running, stopped, gone], signal);
      assert.deepEqual([...measured.keys()], [running]);
      assert.equal((await runtime.usage([stopped, gone], signal)).size, 0);
      assert.equal((await runtime.usage([], signal)).size, 0);
      const both = await runtime.usage([running, alsoRunning], signal);
      assert.deepEqual([...both.keys()].toSorted(), [running, alsoRunning]);
    },
  },
  {
    id: "usage-is-plausible",
    clause: "RT-101",
    level: "MUST",
    title: "measurements are numbers that can be, and counters do not go down in a run",
    check: async (stage) => {
      const { id, runtime, signal } = stage;
      if (runtime.usage === undefined) return;
      await stage.prepareAndStart(stage.longRunning("r1"));
      let before: UsageSnapshot | undefined;
      for (let time = 0; time < 3; time += 1) {
        const snapshot = (await runtime.usage([id], signal)).get(id);
        assert.ok(snapshot !== undefined, "what runs is not measured");
        assertPlausible(snapshot);
        for (const name of counters)
          assert.ok(snapshot[name] >= (before?.[name] ?? 0), `${name} goes down`);
        assert.ok(snapshot.collectedAtMs >= (before?.collectedAtMs ?? 0), "the time goes back");
        before = snapshot;
        await stage.elapse(100);
      }
    },
  },
];
