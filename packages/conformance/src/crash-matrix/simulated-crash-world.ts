import {
  AgentError,
  type Observation,
  type StateStore,
  type WorkloadId,
  type WorkloadRecord,
  type WorkloadRuntime,
} from "@persys/core";
import { ManualClock } from "../manual-clock.ts";
import type { PortCall, PortTap } from "../port-tap.ts";
import { observationOf } from "../simulated-observation.ts";
import { SimulatedRuntime } from "../simulated-runtime.ts";
import type { SimulatedSpec } from "../simulated-spec.ts";
import { SimulatedWorld } from "../simulated-world.ts";
import { SimulationDisk, SimulationStore } from "../simulation/simulation-store.ts";
import type { CrashWorld, Midway, Mortal } from "./crash-world.ts";
import type { Disturbance, Program } from "./story.ts";

/** Calls take time, so that they can be cut short and other things can happen meanwhile. */
const unhurried: SimulatedSpec = { prepareMs: 200, startMs: 100, stopMs: 300 };

const specs: Readonly<Record<Program, SimulatedSpec>> = {
  server: unhurried,
  "checked server": { ...unhurried, health: "starting", healthyAfterMs: 2_000 },
  "slow server": { ...unhurried, prepareMs: 5_000, startMs: 3_000, stopMs: 4_000 },
  job: {
    ...unhurried,
    program: "exit",
    exitAfterMs: 1_000,
    restartPolicy: { policy: "on-failure" },
  },
  "one-time job": {
    ...unhurried,
    program: "exit",
    exitAfterMs: 1_000,
    restartPolicy: { policy: "no" },
  },
  unstartable: { ...unhurried, startFails: "RUNTIME_ERROR" },
  crashing: { ...unhurried, program: "exit", exitAfterMs: 500, exitCode: 1 },
  "never healthy": { ...unhurried, health: "unhealthy" },
};

/** Calls that have a moment between two halves of their work, and what is half done then. */
const between: Readonly<Record<string, string>> = {
  replace: "the old one has ended, the new one is not started",
  restore: "the new one is removed, the old one is not started",
  remove: "the current one is removed, the rest is not",
};

/** A simulated host and a disk in memory. */
export class SimulatedCrashWorld implements CrashWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly type: string = "simulated";
  readonly #world: SimulatedWorld = new SimulatedWorld({ clock: this.clock });
  readonly #disk: SimulationDisk = new SimulationDisk();

  constructor() {
    // What a spec cannot make slow.
    this.#world.latencyMs = { remove: 1_000, retire: 100 };
  }

  spec(program: Program, revisionId: string): SimulatedSpec {
    return { ...specs[program], note: revisionId };
  }

  newRuntime(): Mortal<WorkloadRuntime> {
    const port = new SimulatedRuntime(this.#world);
    return { port, die: () => port.crash() };
  }

  newStore(): Mortal<StateStore> {
    const port = new SimulationStore(this.#disk, untapped, { onStored: () => {} });
    return { port, die: () => void port.die(false) };
  }

  record(id: string): WorkloadRecord | undefined {
    return this.#disk.records.get(id);
  }

  disturb(what: Disturbance, id: string): void {
    if (this.#world.instances.get(id)?.current === undefined) return;
    switch (what) {
      case "ends":
        return this.#world.kill(id);
      case "vanishes":
        return this.#world.removeBehind(id);
      case "drifts":
        return this.#world.setDrift(id, ["memory limit 64 MiB, was 128 MiB"]);
      case "pauses":
        return this.#world.pause(id);
    }
  }

  forbidPrepares(isForbidden: boolean): void {
    const { faults } = this.#world;
    if (!isForbidden) return faults.clear();
    const error = new AgentError("IMAGE_NOT_FOUND", "there is no such image", { effect: "none" });
    faults.failNext("prepare", error, { times: Number.POSITIVE_INFINITY });
  }

  midways(call: PortCall, tookMs: number): readonly Midway[] {
    const { op, id } = call;
    const halfDone = between[op];
    const inTime = [0.3, 0.9].map((share): Midway => {
      const arrange = (die: () => void): void => void this.clock.schedule(tookMs * share, die);
      return { name: `after ${tookMs * share} of ${tookMs} ms`, arrange };
    });
    const ways = tookMs > 0 && call.port === "runtime" ? inTime : [];
    if (halfDone === undefined || id === undefined) return ways;
    const faultable = op as "replace" | "restore" | "remove";
    const arrange = (die: () => void): void => {
      const release = this.#world.faults.hangNext(faultable, { id, at: "midway" });
      // Once everything else has come to rest the call hangs there.
      this.clock.schedule(tookMs, () => {
        die();
        release();
      });
    };
    return [...ways, { name: halfDone, arrange }];
  }

  ids(): readonly string[] {
    return this.#world.ids;
  }

  observe(id: WorkloadId): Observation {
    return observationOf(this.#world.instances.get(id));
  }

  residue(id: string): readonly string[] {
    const prepared = this.#world.instances.get(id)?.prepared ?? [];
    return prepared.map(({ digest, whole }) => `${whole ? "prepared" : "half prepared"} ${digest}`);
  }

  violations(): readonly string[] {
    return this.#world.violations;
  }
}

/** The taps of a crash matrix stand before the ports, not in them. */
const untapped: PortTap = async () => {};
