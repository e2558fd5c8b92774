import type { RuntimeSubject } from "@persys/conformance";
import { isWorkloadId } from "@persys/core";
import { TickerRuntime } from "./custom-runtime.ts";

/** What the kit needs to judge the runtime of custom-runtime.ts, anew for every case. */
export async function subject(): Promise<RuntimeSubject> {
  const runtime = new TickerRuntime(() => {});
  const { signal } = new AbortController();
  return {
    runtime,
    specs: {
      longRunning: (message) => ({ everyMs: 3_600_000, message }),
      exitsWith: (exitCode) => ({ everyMs: 10, message: "bye", times: 1, exitCode }),
    },
    gracefulExitCode: 143,
    // Nobody gets at a timer but its runtime.
    killBehind: async (id) => {
      if (isWorkloadId(id)) await runtime.stop(id, 0, signal);
    },
    leftovers: async () => [...(await runtime.list()).keys()],
    dispose: async () => {
      for (const id of (await runtime.list()).keys()) await runtime.remove(id, signal);
    },
  };
}
