import { Worker } from "node:worker_threads";
import { bothOf, nothingLived, type SeedsOutcome } from "./run-seeds.ts";
import type { SeedWorkerData } from "./seed-worker.ts";

/** Seeds that a worker is given at a time. */
const seedsAtOnce = 20;

/** Which seeds are run, and by how many. */
export interface WorkersRequest extends SeedWorkerData {
  readonly first: number;
  readonly seeds: number;
  readonly workers: number;
  /** Told of what has been lived so far. */
  readonly onProgress: (soFar: SeedsOutcome) => void;
  /** Ends the run with what has been lived. */
  readonly signal: AbortSignal;
}

/**
 * Lives the lives of so many seeds from the first on, on several cores.
 * @throws {Error} what made a worker fail, such as a module that cannot be loaded.
 */
export async function runSeedsInWorkers(request: WorkersRequest): Promise<SeedsOutcome> {
  const { first, seeds, module, commands, signal } = request;
  let next = first;
  let soFar = nothingLived;
  const take = (): readonly number[] => {
    const count = signal.aborted ? 0 : Math.min(seedsAtOnce, first + seeds - next);
    const taken = Array.from({ length: count }, (_, at) => next + at);
    next += count;
    return taken;
  };
  const data: SeedWorkerData = { module, commands };
  const count = Math.max(1, Math.min(request.workers, Math.ceil(seeds / seedsAtOnce)));
  await Promise.all(
    Array.from({ length: count }, () =>
      workThrough(data, take, (outcome) => {
        soFar = bothOf(soFar, outcome);
        request.onProgress(soFar);
      }),
    ),
  );
  return { ...soFar, bad: soFar.bad.toSorted((a, b) => a.seed - b.seed) };
}

/** Lets one worker work until there is nothing to take any more. */
async function workThrough(
  workerData: SeedWorkerData,
  take: () => readonly number[],
  onOutcome: (outcome: SeedsOutcome) => void,
): Promise<void> {
  const worker = new Worker(workerUrl(), { workerData });
  try {
    await new Promise<void>((resolve, reject) => {
      const giveMore = (): void => {
        const seeds = take();
        if (seeds.length === 0) resolve();
        else worker.postMessage(seeds, []);
      };
      worker.on("message", (outcome: SeedsOutcome) => {
        onOutcome(outcome);
        giveMore();
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("a worker has ended too early")));
      giveMore();
    });
  } finally {
    await worker.terminate();
  }
}

/** Next to this file, compiled or not. */
function workerUrl(): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./seed-worker.${extension}`, import.meta.url);
}
