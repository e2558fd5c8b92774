import {
  type FaultableCall,
  ManualClock,
  type RuntimeSubject,
  SimulatedRuntime,
  SimulatedWorld,
} from "@persys/conformance";
import type { RuntimeMutant } from "./runtime-mutant.ts";

/** What every call of a long-running program takes, so that it can be called off on the way. */
const callMs = { prepareMs: 30, startMs: 100, stopMs: 40 };

const everyCall: readonly FaultableCall[] = [
  "prepare",
  "start",
  "replace",
  "retire",
  "restore",
  "stop",
  "remove",
  "list",
  "observe",
  "probe",
  "demands",
];

/** A simulated host with a runtime that `make` has altered. The host does not tell of broken promises: the kit has to find them. */
export async function mutantSubject(make: RuntimeMutant["make"]): Promise<RuntimeSubject> {
  const clock = new ManualClock();
  const world = new SimulatedWorld({ clock });
  const { faults } = world;
  return {
    runtime: make(world, new SimulatedRuntime(world)),
    specs: {
      longRunning: (variant) => ({ note: variant, ...callMs }),
      exitsWith: (exitCode) => ({ program: "exit", exitCode, exitAfterMs: 20 }),
      ignoresStop: () => ({ stopMs: 3_600_000 }),
      stopsSlowly: (stopMs) => ({ stopMs }),
      secretive: (secret) => ({ secret }),
    },
    gracefulExitCode: 143,
    killBehind: async (id) => world.kill(id),
    removeBehind: async (id) => world.removeBehind(id),
    pauseBehind: async (id) => world.pause(id),
    startBehind: async (id) => world.startBehind(id),
    driftBehind: async (id) => world.setDrift(id, ["memoryBytes differs"]),
    reopen: async () => make(world, new SimulatedRuntime(world)),
    stranger: {
      add: async (id) => world.addStranger(id, { holdsName: true }),
      isIntact: async (id) => world.isNameTaken(id),
    },
    cutOff: async () => world.setUnreachable(true),
    stall: async () => {
      for (const call of everyCall) faults.hangNext(call, { times: Number.POSITIVE_INFINITY });
    },
    rejoin: async () => {
      faults.clear();
      world.setUnreachable(false);
    },
    leftovers: async () => [
      ...world.ids,
      ...Array.from({ length: world.events.listeners }, () => "an open event stream"),
    ],
    elapse: (ms) => clock.advance(ms),
    dispose: async () => {},
  };
}
