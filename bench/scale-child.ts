import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { SimulatedRuntime, type SimulatedWorld } from "@persys/conformance";
import type { WorkloadRecord, Write } from "@persys/core";
import type { FillReport, Phase, ScaleReport } from "./scale-report.ts";
import {
  benchApply,
  benchCaller,
  benchStore,
  benchWorld,
  eventually,
  simulatedNode,
} from "./simulated-node.ts";

/** Part of the scale bench: measures one size in a process of its own and prints a report as JSON. */

const never = new AbortController().signal;
const stallResolutionMs = 1;
const looks = 4;
const resyncIntervalMs = 400;

const [task, countText, folder = ""] = process.argv.slice(2);
const count = Number(countText);
console.log(JSON.stringify(task === "fill" ? await fill() : await measure()));

/** Applies `count` workloads through an engine and waits until all of them run. */
async function fill(): Promise<FillReport> {
  const { engine } = simulatedNode(folder, benchWorld());
  await engine.start(never);
  const startMs = performance.now();
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) {
      const id = `bench-${next}`;
      next += 1;
      await engine.api.apply(benchApply(id), benchCaller);
    }
  };
  await Promise.all(Array.from({ length: 64 }, caller));
  await eventually("all run", () => engine.api.health().workloads.running === count);
  const perSecond = (count * 1000) / (performance.now() - startMs);
  await engine.stop();
  return { perSecond };
}

async function measure(): Promise<ScaleReport> {
  const world = benchWorld();
  const runtime = new SimulatedRuntime(world);
  const failureFloorMs = await adoptRecords(world);
  const bootFloorMs = await timed(async () => {
    const store = benchStore(folder);
    await store.open(never);
    await runtime.list(never);
    await store.close();
  });

  collectGarbage();
  const heapBefore = heapBytes();
  const { engine } = simulatedNode(folder, world, { resyncIntervalMs });
  const boot = await watched(() => engine.start(never));
  if (engine.api.health().workloads.running !== count) throw new Error("not all of them run");
  await atRest();
  collectGarbage();
  const heapKibEach = (heapBytes() - heapBefore) / 1024 / count;
  const rssMib = process.memoryUsage.rss() / 2 ** 20;

  const resyncFloorMs = await cpuOf(() => runtime.list(never));
  const [resyncCpuMs, resync] = await measureResync(world);
  const idleChanges = world.journal.count();
  const failure = await watched(async () => {
    for (const id of world.ids) world.kill(id);
    await eventually("all were started again", () => world.journal.count("start") >= count);
    await eventually("all run", () => engine.api.health().workloads.running === count);
  });
  await engine.stop();
  world.assertSound();
  return {
    boot,
    bootFloorMs,
    resyncCpuMs,
    resyncFloorMs,
    resyncStallMs: resync.stallP99Ms,
    failure,
    failureFloorMs,
    rssMib,
    heapKibEach,
    idleChanges,
  };
}

/** Makes the world as the stored records saw it last, and times how fast that store takes every record once. */
async function adoptRecords(world: SimulatedWorld): Promise<number> {
  const source = benchStore(folder);
  const { records } = await source.open(never);
  await source.close();
  for (const { id, observation, wanted } of records) {
    world.instances.adopt(id, observation, new Map([[wanted.digest, wanted.spec]]));
  }
  const copy = benchStore(join(folder, "..", `floor-${process.pid}`));
  await copy.open(never);
  const ms = await timed(() => Promise.all(records.map((record) => copy.commit(putOf(record)))));
  await copy.close();
  return ms;
}

function putOf(record: WorkloadRecord): readonly Write[] {
  return [{ kind: "put-record", record }];
}

async function measureResync(world: SimulatedWorld): Promise<readonly [number, Phase]> {
  const first = world.reads.list;
  await eventually("a look begins", () => world.reads.list > first);
  const before = process.cpuUsage();
  const phase = await watched(() =>
    eventually("more looks", () => world.reads.list >= first + 1 + looks),
  );
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1000 / looks, phase];
}

/** Processor time, in milliseconds. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

async function watched(work: () => Promise<unknown>): Promise<Phase> {
  const delays = monitorEventLoopDelay({ resolution: stallResolutionMs });
  delays.enable();
  const ms = await timed(work);
  // The last stall is only seen by the timer after it.
  await new Promise((resolve) => setTimeout(resolve, 3));
  delays.disable();
  return {
    ms,
    stallP99Ms: Math.max(0, delays.percentile(99) / 1e6 - stallResolutionMs),
    stallMaxMs: Math.max(0, delays.max / 1e6 - stallResolutionMs),
  };
}

/** Waits for what a start leaves behind: queued work, pages to be returned. */
function atRest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300));
}

function heapBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  globalThis.gc();
  globalThis.gc();
}
