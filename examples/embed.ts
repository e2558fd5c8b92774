import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { createEngine } from "@persys/core";
import { TickerRuntime } from "./custom-runtime.ts";

/** An agent inside a program of your own: brings up one workload, watches it until it runs, and removes it again. */
const engine = createEngine({
  nodeId: "example",
  version: "1",
  runtimes: [new TickerRuntime((line) => console.log(line))],
  store: new MemoryStateStore({ disk: new MemoryDisk() }),
  clock: new SystemClock(),
  random: new SystemRandom(),
});
const { api } = engine;
const caller = { identity: "embed.ts" };
const stop = new AbortController();
await engine.start(stop.signal);

const spec = { everyMs: 50, message: "tick" };
await api.apply(
  { id: "clock", type: "ticker", revisionId: "r1", desired: "running", spec },
  caller,
);

for await (const event of api.watch({ id: "clock" }, stop.signal)) {
  if (event.kind === "deleted") break;
  if (event.kind !== "snapshot" && event.kind !== "changed") continue;
  console.log(`clock is ${event.status.actual}: ${event.status.message}`);
  if (event.status.actual === "running") await api.remove("clock", caller);
}

console.log(`${api.list({}).length} workloads are left`);
await engine.stop();
