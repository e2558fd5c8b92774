import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { type AgentApi, createEngine, noTelemetry, silentLogger } from "@persys/core";

/** A real engine that runs nothing and keeps its state in memory, and how it is ended. */
export async function startedEngine(): Promise<{
  readonly api: AgentApi;
  readonly stop: () => Promise<void>;
}> {
  const engine = createEngine({
    nodeId: "node-1",
    version: "test",
    runtimes: [],
    store: new MemoryStateStore({ disk: new MemoryDisk() }),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    telemetry: noTelemetry,
  });
  await engine.start(new AbortController().signal);
  return { api: engine.api, stop: () => engine.stop() };
}
