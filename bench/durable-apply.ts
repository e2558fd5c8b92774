import { join } from "node:path";
import { anId, aRecord, aRevision } from "@persys/conformance";
import type { StateStore, WorkloadRecord } from "@persys/core";
import { AppendLog } from "./append-log.ts";
import type { Bench } from "./bench.ts";
import { figure } from "./figure.ts";
import { interleave } from "./interleave.ts";
import {
  benchApply,
  benchCaller,
  benchSpec,
  benchStore,
  benchWorld,
  type SimulatedNode,
  simulatedNode,
} from "./simulated-node.ts";
import { eventually } from "./stopwatch.ts";

const rounds = 12;
const onesPerRound = 20;
const callers = 64;
const callsPerCaller = 4;

const never = new AbortController().signal;

/** How long it takes until an apply is accepted, which is until it is durable. */
export const durableApply: Bench = {
  name: "durable-apply",
  about: "an accepted apply against an append and its sync, one and 64 at a time",
  run: async (folder, say) => {
    const log = new AppendLog(join(folder, "floor.log"));
    const store = benchStore(join(folder, "store"));
    await store.open(never);
    const node = simulatedNode(join(folder, "node"), benchWorld());
    await node.engine.start(never);
    try {
      say(`one at a time, ${rounds} rounds`);
      const one = await interleave(rounds, {
        append: () => timeOnes(() => log.append(nextRecord())),
        commit: () => timeOnes(() => put(store)),
        apply: () => timeApplies(node),
      });
      say(`${callers} at a time, ${rounds} rounds`);
      const many = await interleave(rounds, {
        append: async () => [await rate(() => log.append(nextRecord()))],
        commit: async () => [await rate(() => put(store))],
        apply: async () => [await rateOfApplies(node)],
      });
      const floorOfOne = { name: "append + fdatasync", samples: one.append };
      const floorOfMany = { name: "grouped append + fdatasync", samples: many.append };
      return [
        figure({
          name: "apply.1",
          unit: "ms",
          samples: one.apply,
          floor: floorOfOne,
          aim: (value, floor) => ({
            text: "median at most 2 syncs + 1 ms",
            met: value.p50 <= 2 * (floor?.p50 ?? 0) + 1,
          }),
        }),
        figure({ name: "store-commit.1", unit: "ms", samples: one.commit, floor: floorOfOne }),
        figure({
          name: "apply.64",
          unit: "per second",
          samples: many.apply,
          floor: floorOfMany,
          aim: (value, floor) => ({
            text: "at least 0.5 of the floor",
            met: value.p50 >= 0.5 * (floor?.p50 ?? 0),
          }),
        }),
        figure({
          name: "store-commit.64",
          unit: "per second",
          samples: many.commit,
          floor: floorOfMany,
        }),
        figure({
          name: "apply.64-over-store",
          unit: "per second",
          samples: many.apply,
          floor: { name: "commits of the same store", samples: many.commit },
        }),
      ];
    } finally {
      await node.engine.stop();
      await store.close();
      log.close();
    }
  },
};

let serial = 0;

function nextId(): string {
  serial += 1;
  return `bench-${serial}`;
}

/** What an apply stores, more or less. Made beforehand: the floor only writes. */
const template = aRecord({ type: "simulated", wanted: aRevision({ spec: benchSpec }) });

function nextRecord(): WorkloadRecord {
  return { ...template, id: anId(nextId()) };
}

function put(store: StateStore): Promise<void> {
  return store.commit([{ kind: "put-record", record: nextRecord() }]);
}

async function timeOnes(call: () => Promise<unknown>): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let done = 0; done < onesPerRound; done += 1) {
    const startMs = performance.now();
    await call();
    samples.push(performance.now() - startMs);
  }
  return samples;
}

/** Times the answers alone: before the next apply the workload of the last one has come up. */
async function timeApplies({ engine }: SimulatedNode): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let done = 0; done < onesPerRound; done += 1) {
    const id = nextId();
    const startMs = performance.now();
    await engine.api.apply(benchApply(id), benchCaller);
    samples.push(performance.now() - startMs);
    await eventually(`${id} runs`, () => engine.api.status(id).actual === "running");
  }
  return samples;
}

/** Calls a second, of callers who each wait for the answer before they call again. */
async function rate(call: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  const caller = async (): Promise<void> => {
    for (let done = 0; done < callsPerCaller; done += 1) await call();
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (callers * callsPerCaller * 1000) / (performance.now() - startMs);
}

/** The work that the accepted applies set going competes with the next ones, as it does on a real node. */
async function rateOfApplies({ engine }: SimulatedNode): Promise<number> {
  const ids: string[] = [];
  const perSecond = await rate(async () => {
    const id = nextId();
    ids.push(id);
    await engine.api.apply(benchApply(id), benchCaller);
  });
  await eventually("all of them run", () =>
    ids.every((id) => engine.api.status(id).actual === "running"),
  );
  return perSecond;
}
