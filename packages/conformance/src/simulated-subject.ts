import type { WorkloadRuntime } from "@persys/core";
import { ManualClock } from "./manual-clock.ts";
import type { RuntimeSubject } from "./runtime-contract/runtime-subject.ts";
import type { FaultableCall } from "./simulated-faults.ts";
import { SimulatedRuntime } from "./simulated-runtime.ts";
import { SimulatedWorld } from "./simulated-world.ts";

/** How long calls take, by the clock, so that there is something to call off. */
const callsMs = { prepareMs: 20, startMs: 20, stopMs: 10 } as const;

/** The calls of a host that has fallen silent. */
const answeredCalls: readonly FaultableCall[] = [
  "demands",
  "list",
  "observe",
  "prepare",
  "probe",
  "remove",
  "replace",
  "restore",
  "retire",
  "start",
  "stop",
];

/** More than any case makes. */
const silencedCalls = 1_000;

/** What a program exits with that ends when it is asked to (128 + SIGTERM). */
const gracefulExitCode = 143;

/**
 * The subject of `runtimeContract` for a runtime over a simulated world with a clock of its own: in a fraction of a second every case, no
 * real time passes. `makeRuntime` makes the runtime, by default a `SimulatedRuntime`; once more for each restart of the agent.
 */
export async function simulatedSubject(
  makeRuntime: (world: SimulatedWorld) => WorkloadRuntime = (world) => new SimulatedRuntime(world),
): Promise<RuntimeSubject> {
  const clock = new ManualClock();
  const world = new SimulatedWorld({ clock });
  return {
    runtime: makeRuntime(world),
    specs: {
      longRunning: (variant) => ({ note: variant, ...callsMs }),
      exitsWith: (exitCode) => ({ program: "exit", exitCode, exitAfterMs: 20 }),
      ignoresStop: () => ({ stopMs: 2 * 3_600_000 }),
      stopsSlowly: (stopMs) => ({ stopMs }),
      secretive: (secret) => ({ secret, note: "not a secret" }),
      failsToPrepare: () => ({ prepareFails: "COMMAND_NOT_FOUND" }),
      failsToStart: () => ({ startFails: "PORT_CONFLICT" }),
    },
    gracefulExitCode,
    killBehind: async (id) => world.kill(id),
    removeBehind: async (id) => world.removeBehind(id),
    pauseBehind: async (id) => world.pause(id),
    startBehind: async (id) => world.startBehind(id),
    driftBehind: async (id) => world.setDrift(id, ["a setting is not as it was made"]),
    loseExitBehind: async (id) => world.kill(id, { kind: "unknown" }),
    healthBehind: async (id, health) => world.setHealth(id, health),
    reopen: async () => makeRuntime(world),
    stranger: {
      add: async (id) => world.addStranger(id, { holdsName: true }),
      isIntact: async (id) => world.isNameTaken(id),
    },
    cutOff: async () => world.setUnreachable(true),
    stall: async () => {
      for (const call of answeredCalls) world.faults.hangNext(call, { times: silencedCalls });
    },
    rejoin: async () => {
      world.setUnreachable(false);
      world.faults.clear();
    },
    leftovers: async () => leftoversOf(world),
    elapse: (ms) => clock.advance(ms),
    windDownMs: 100,
    sequences: { count: 30, length: 20 },
    dispose: async () => world.assertSound(),
  };
}

/** What exists, what prepare made, and the streams that are open. */
function leftoversOf(world: SimulatedWorld): readonly string[] {
  const holdings = Array.from(world.instances.all(), ({ id, prepared }) => [
    id,
    ...prepared.map(({ digest }) => `${id}, prepared from ${digest}`),
  ]);
  const { listeners } = world.events;
  return [...holdings.flat(), ...(listeners === 0 ? [] : [`${listeners} streams of events`])];
}

/** For `persys-conformance runtime --module`. */
export const subject: () => Promise<RuntimeSubject> = () => simulatedSubject();
