import { ManualClock } from "../../../src/manual-clock.ts";
import type { RuntimeSubject } from "../../../src/runtime-contract/runtime-subject.ts";
import { SimulatedRuntime } from "../../../src/simulated-runtime.ts";
import { SimulatedWorld } from "../../../src/simulated-world.ts";

/** The least that a subject says of itself, over a simulated node. */
export async function subject(): Promise<RuntimeSubject> {
  const clock = new ManualClock();
  const world = new SimulatedWorld({ clock });
  return {
    runtime: new SimulatedRuntime(world),
    specs: {
      longRunning: (variant) => ({ note: variant }),
      exitsWith: (exitCode) => ({ program: "exit", exitCode, exitAfterMs: 20 }),
    },
    killBehind: async (id) => world.kill(id),
    elapse: (ms) => clock.advance(ms),
    dispose: async () => world.assertSound(),
  };
}
