import assert from "node:assert/strict";
import {
  currentInstance,
  keptInstance,
  type Instance,
  type Observation,
  type WorkloadId,
} from "@persys/core";
import type { RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import { isPossibleState, runToItsEnd, states } from "./scenes.ts";

/** No run is older: a time before it is one in seconds. */
const leastWallMs = Date.UTC(2001);

/** Asserts that list and observe tell the same of an id, and returns the glance. */
async function agreedGlance(stage: RuntimeStage, id: WorkloadId = stage.id): Promise<string> {
  const seen = await stage.observe(id);
  const listed = await stage.list();
  assert.ok(seen.kind === "present", `there is nothing: ${JSON.stringify(seen)}`);
  assert.equal(listed.get(id), seen.glance, "list and observe give different glances");
  return seen.glance;
}

/** How a workload comes to each kind of holding that a list has to show. */
const holdings: Readonly<Record<string, (stage: RuntimeStage, id: WorkloadId) => Promise<void>>> = {
  running: (stage, id) => stage.prepareAndStart(stage.longRunning("r1", id)),
  stopped: async (stage, id) => {
    await stage.prepareAndStart(stage.longRunning("r1", id));
    await stage.stop(id);
  },
  ended: async (stage, id) => void (await runToItsEnd(stage, "r1", id)),
  replaced: (stage, id) =>
    stage.prepareAndReplace(stage.longRunning("r1", id), stage.longRunning("r2", id)),
  paused: async (stage, id) => {
    await stage.prepareAndStart(stage.longRunning("r1", id));
    await stage.behind("pause", id, async (it) => stage.subject.pauseBehind?.(it));
  },
  "with only a kept one": async (stage, id) => {
    await stage.prepareAndReplace(stage.longRunning("r1", id), stage.longRunning("r2", id));
    await stage.behind("remove", id, async (it) => stage.subject.removeBehind?.(it));
    await stage.eventually("only the kept one is there", async () => {
      const seen = await stage.observe(id);
      return currentInstance(seen) === undefined && keptInstance(seen) !== undefined;
    });
  },
};

/** The holdings that the subject can bring about. */
function possibleHoldings({ subject }: RuntimeStage): readonly string[] {
  return Object.keys(holdings).filter((name) => isPossibleState(subject, name));
}

function assertAllDiffer(glances: readonly string[]): void {
  const shown = glances.join(" / ");
  assert.equal(new Set(glances).size, glances.length, `two of the glances are the same: ${shown}`);
}

/** What a runtime says without changing anything. */
export const readingPromises: readonly RuntimePromise[] = [
  {
    id: "probe-answers",
    clause: "RT-020",
    level: "MUST",
    title: "probe says that the runtime is healthy, and its version",
    check: async (stage) => {
      const health = await stage.runtime.probe(stage.signal);
      assert.ok(health.healthy, JSON.stringify(health));
      assert.ok(health.version.length > 0);
    },
  },
  {
    id: "unknown-is-absent",
    clause: "RT-021",
    level: "MUST",
    title: "what was never made is absent and not listed",
    check: async (stage) => {
      await stage.assertAbsent(stage.idOf("nowhere"));
      await stage.prepareAndStart(stage.longRunning("r1"));
      await stage.assertAbsent(stage.idOf("nowhere"));
    },
  },
  {
    id: "list-shows-all",
    clause: "RT-022",
    level: "MUST",
    title: "a list shows whatever there is of every workload, running or not, and nothing else",
    check: async (stage) => {
      const names = possibleHoldings(stage);
      const ids = names.map((_, at) => stage.idOf(`held-${at}`));
      for (const [at, name] of names.entries()) {
        const id = ids[at];
        if (id !== undefined) await holdings[name]?.(stage, id);
      }
      const listed = await stage.list();
      assert.deepEqual([...listed.keys()].toSorted(), ids.toSorted(), names.join(", "));
      for (const id of ids) await agreedGlance(stage, id);
    },
  },
  {
    id: "glances-agree",
    clause: "RT-023",
    level: "MUST",
    title: "list and observe give the same glance while nothing changes",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const running = await agreedGlance(stage);
      assert.equal(await agreedGlance(stage), running, "a look changed the glance");
      await stage.stop();
      assert.notEqual(await agreedGlance(stage), running, "a stop did not change the glance");
    },
  },
  {
    id: "glance-tells-runs-apart",
    clause: "RT-024",
    level: "MUST",
    title: "a glance differs between two runs, and after a kill",
    check: async (stage) => {
      await stage.prepareAndStart(stage.longRunning("r1"));
      const first = await agreedGlance(stage);
      await stage.kill();
      await stage.currentOnce("exited");
      const killed = await agreedGlance(stage);
      await stage.runtime.start(stage.longRunning("r1"), stage.signal);
      const second = await agreedGlance(stage);
      assertAllDiffer([first, killed, second]);
    },
  },
  {
    id: "glance-tells-of-replacements",
    clause: "RT-024",
    level: "MUST",
    title: "a glance differs after each step of a replacement, and when it is paused",
    check: async (stage) => {
      const seen: string[] = [];
      const look = async (): Promise<number> => seen.push(await agreedGlance(stage));
      const second = stage.longRunning("r2");
      await stage.prepareAndStart(stage.longRunning("r1"));
      await look();
      await stage.prepare(second);
      await stage.runtime.replace(second, stage.signal);
      await look();
      await stage.runtime.retire(stage.id, [second.specDigest], stage.signal);
      await look();
      if (stage.subject.pauseBehind !== undefined) {
        await stage.behind("pause", stage.id, stage.subject.pauseBehind);
        await stage.currentOnce("paused");
        await look();
      }
      assertAllDiffer(seen);
    },
  },
  {
    id: "health-is-seen",
    clause: "RT-019",
    level: "MUST",
    title: "what the health check says is seen, and told by the glance",
    check: async (stage) => {
      const { healthBehind } = stage.subject;
      if (healthBehind === undefined) return stage.unjudged("healthBehind");
      await stage.prepareAndStart(stage.longRunning("r1"));
      const before = await agreedGlance(stage);
      for (const health of ["unhealthy", "healthy"] as const) {
        await stage.behind(`make ${health}`, stage.id, (it) => healthBehind(it, health));
        await stage.eventually(`it is ${health}`, async () => {
          return (await stage.current()).health === health;
        });
        assert.notEqual(await agreedGlance(stage), before, "the glance does not tell of it");
      }
    },
  },
  {
    id: "looks-are-repeatable",
    clause: "RT-025",
    level: "MUST",
    title: "an observation is the same however often it is made",
    check: async (stage) => {
      await stage.prepareAndReplace(stage.longRunning("r1"), stage.longRunning("r2"));
      const first = withoutHealth(await stage.observe());
      for (let time = 0; time < 3; time += 1) {
        await stage.list();
        assert.deepEqual(withoutHealth(await stage.observe()), first);
      }
    },
  },
  {
    id: "observations-are-sound",
    clause: "RT-026",
    level: "MUST",
    title:
      "whatever state a workload is in, what is seen of it is sound, and tells what a list tells",
    check: async (stage) => {
      const names = Object.keys(states).filter((it) => isPossibleState(stage.subject, it));
      await stage.forEach(names, async (name) => {
        const id = stage.idOf(`o-${names.indexOf(name)}`);
        await states[name]?.(stage, id);
        await stage.agreedLook(id);
        await stage.runtime.remove(id, stage.signal);
      });
      await stage.assertNothingLeft();
    },
  },
  {
    id: "observations-bear-the-marks",
    clause: "RT-027",
    level: "MUST",
    title: "an instance bears the marks of the target that it was made for, current or kept",
    check: async (stage) => {
      const [first, second] = [stage.longRunning("r1"), stage.longRunning("r2")];
      await stage.prepareAndReplace(first, second);
      for (const [target, it] of [
        [first, await stage.kept()],
        [second, await stage.current()],
      ] as const) {
        assert.deepEqual(
          { uid: it.uid, revisionId: it.revisionId, specDigest: it.specDigest },
          { uid: target.uid, revisionId: target.revisionId, specDigest: target.specDigest },
        );
      }
    },
  },
  {
    id: "runs-have-names-and-times",
    clause: "RT-028",
    level: "MUST",
    title: "a run has a name of its own and a beginning, an end has a time after that",
    check: async (stage) => {
      const beganMs = Date.now();
      await stage.prepareAndStart(stage.longRunning("r1"));
      const first = await stage.current();
      assert.ok(first.run !== undefined && first.startedAtMs !== undefined, JSON.stringify(first));
      assert.ok(first.startedAtMs > leastWallMs, `${first.startedAtMs} are no milliseconds`);
      if (stage.subject.elapse === undefined) {
        const awayMs = Math.abs(first.startedAtMs - beganMs);
        assert.ok(awayMs < stage.patienceMs + 5000, `it began ${awayMs} ms away from the start`);
      }
      await stage.kill();
      const ended = await stage.currentOnce("exited");
      assert.equal(ended.run, first.run, "an end is of the run that ended");
      assert.equal(ended.handle, first.handle, "an end is of the instance that ended");
      const endedAtMs = ended.exit?.endedAtMs ?? first.startedAtMs;
      // Two clocks of one host may differ in how they round.
      assert.ok(endedAtMs >= first.startedAtMs - 50, `it ended at ${endedAtMs}`);
    },
  },
];

/** The output of a health check may come and go between two looks. */
function withoutHealth(seen: Observation): Observation {
  if (seen.kind !== "present") return seen;
  const instances = seen.instances.map((it): Instance => {
    const { healthOutput, ...rest } = it;
    return { ...rest, health: healthOutput === undefined ? it.health : "none" };
  });
  return { ...seen, instances, glance: "" };
}
