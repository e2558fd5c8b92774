import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SimulatedRuntime, type SimulatedWorld } from "@persys/conformance";
import { isWorkloadId, type Observation, specDigest } from "@persys/core";
import type { FillReport, FloorReport, ScaleReport } from "./scale-report.ts";
import {
  benchApply,
  benchCaller,
  benchSpec,
  benchStore,
  benchWorld,
  simulatedNode,
} from "./simulated-node.ts";
import { cpuOf, eventually, sleep, timed, watched } from "./stopwatch.ts";

/**
 * Part of the scale bench: does one task for one size in a process of its own and prints a report as JSON. The folder holds the state of
 * an engine in `state` and what its workloads did last in `world.json`.
 */

const never = new AbortController().signal;
const looks = 4;
const resyncIntervalMs = 400;

const [task, countText, folder = ""] = process.argv.slice(2);
const count = Number(countText);
const stateFolder = join(folder, "state");
const worldFile = join(folder, "world.json");
const tasks: Readonly<Record<string, () => Promise<unknown>>> = { fill, floors, measure };
const chosen = tasks[task ?? ""];
if (chosen === undefined) throw new Error(`no such task: ${String(task)}`);
console.log(JSON.stringify(await chosen()));

/** Applies `count` workloads through an engine and waits until all of them run. */
async function fill(): Promise<FillReport> {
  mkdirSync(folder, { recursive: true });
  const { engine, world } = simulatedNode(stateFolder, benchWorld());
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
  await eventually("all were started", () => world.journal.count("start") >= count);
  // Counting is work for the engine, so it is asked rarely.
  await eventually("all run", () => engine.api.health().workloads.running === count, 50);
  const perSecond = (count * 1000) / (performance.now() - startMs);
  await engine.stop();
  await saveWorld(world);
  return { perSecond };
}

async function floors(): Promise<FloorReport> {
  const world = benchWorld();
  loadWorld(world);
  const runtime = new SimulatedRuntime(world);
  const store = benchStore(stateFolder);
  let records: Awaited<ReturnType<typeof store.open>>["records"] = [];
  const bootMs = await timed(async () => {
    ({ records } = await store.open(never));
    await runtime.list(never);
  });
  const failureMs = await timed(() =>
    Promise.all(records.map((record) => store.commit([{ kind: "put-record", record }]))),
  );
  await store.close();
  return { bootMs, failureMs };
}

async function measure(): Promise<ScaleReport> {
  const world = benchWorld();
  loadWorld(world);
  const runtime = new SimulatedRuntime(world);
  collectGarbage();
  const heapBefore = heapBytes();

  const idle = await watched(() => sleep(300));
  const { engine } = simulatedNode(stateFolder, world, { resyncIntervalMs });
  const boot = await watched(() => engine.start(never));
  const { running } = engine.api.health().workloads;
  if (running !== count) throw new Error(`${running} of ${count} run`);
  await sleep(300);
  const rssMib = process.memoryUsage.rss() / 2 ** 20;
  collectGarbage();
  const heapKibEach = (heapBytes() - heapBefore) / 1024 / count;

  const listCpuMs = await cpuOf(() => runtime.list(never));
  const looksBefore = world.reads.list;
  const cpuMs = await cpuOf(() => sleep(looks * resyncIntervalMs));
  const resyncCpuMs = cpuMs / (world.reads.list - looksBefore);
  const resync = await watched(() => sleep(looks * resyncIntervalMs));
  const idleChanges = world.journal.count();

  for (const id of world.ids) world.kill(id);
  const failure = await watched(async () => {
    await eventually("all were started again", () => world.journal.count("start") >= count);
    await eventually("all run", () => engine.api.health().workloads.running === count, 100);
  });
  await engine.stop();
  world.assertSound();
  return { idle, boot, resyncCpuMs, listCpuMs, resync, failure, rssMib, heapKibEach, idleChanges };
}

/** Writes down what a look at every workload finds. */
async function saveWorld(world: SimulatedWorld): Promise<void> {
  const runtime = new SimulatedRuntime(world);
  const seen: [string, Observation][] = [];
  for (const id of world.ids) {
    if (isWorkloadId(id)) seen.push([id, await runtime.observe(id, never)]);
  }
  writeFileSync(worldFile, JSON.stringify(seen));
}

/** Lets everything go on that ran when the world was saved. */
function loadWorld(world: SimulatedWorld): void {
  const specs = new Map([[specDigest(benchSpec), benchSpec]]);
  const seen = JSON.parse(readFileSync(worldFile, "utf8")) as [string, Observation][];
  for (const [id, observation] of seen) {
    if (isWorkloadId(id)) world.instances.adopt(id, observation, specs);
  }
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
