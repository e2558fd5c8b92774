import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@persys/core";
import { loadModel } from "./load-model.ts";
import { runSeeds } from "./run-seeds.ts";

/** What a worker is given when it is made. */
export interface SeedWorkerData {
  /** URL of a module that exports `createModel`; undefined: the model of the kit. */
  readonly module: string | undefined;
  readonly commands: number;
}

const port = parentPort;
assert(port !== null, "seed-worker.ts is run as a worker");
const { module, commands } = workerData as SeedWorkerData;
const model = await loadModel(module);
port.on("message", (seeds: readonly number[]) => {
  void runSeeds({ seeds, model, commands }).then((outcome) => port.postMessage(outcome));
});
