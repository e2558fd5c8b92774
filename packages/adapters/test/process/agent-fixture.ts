// An agent to be killed: it goes through the operations of its arguments' workloads, in an order drawn from a seed, until it is.
// Arguments: root, node id, mark, seed, ids.
import { forever, idOf, targetOf } from "../support/runtime-calls.ts";
import { ProcessHarness } from "./process-harness.ts";
import { ProcessRuntime } from "@persys/adapters/process";

const [root = "", nodeId = "", mark = "", seed = "1", ...ids] = process.argv.slice(2);
const runtime = new ProcessRuntime({ root, nodeId });
let state = Number(seed);

/** The next number below `bound` of a linear congruential generator (numbers of Numerical Recipes). */
function draw(bound: number): number {
  state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return Math.floor((state / 2 ** 32) * bound);
}

async function work(id: string): Promise<never> {
  for (;;) {
    const revision = draw(2);
    const target = targetOf(id, ProcessHarness.longRunning(mark, `revision ${revision}`));
    const workload = idOf(id);
    const operations = [
      () => runtime.start(target, forever),
      () => runtime.start(target, forever),
      () => runtime.replace(target, forever),
      () => runtime.stop(workload, 500, forever),
      () => runtime.restore(workload, forever),
      () => runtime.retire(workload, [], forever),
      () => runtime.remove(workload, forever),
    ];
    await operations[draw(operations.length)]?.();
  }
}

process.stdout.write("ready\n");
await Promise.all(ids.map(work));
