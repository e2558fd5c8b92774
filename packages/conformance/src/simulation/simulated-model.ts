import { AgentError } from "@persys/core";
import type { SimulatedInstance } from "../simulated-instances.ts";
import { SimulatedRuntime } from "../simulated-runtime.ts";
import { SimulatedWorld } from "../simulated-world.ts";
import type {
  ModelConnection,
  ModelDisturbance,
  ModelInstance,
  ModelSpec,
  ModelSurroundings,
  RuntimeModel,
} from "./runtime-model.ts";
import { isUp } from "../simulated-instances.ts";

const noteMember = "note";

/** What simulated users ask of the simulated runtime: everything a workload can do, alone and with each restart policy that matters. */
const specs: readonly [ModelSpec, ...ModelSpec[]] = [
  { name: "plain", spec: { program: "serve" }, noteMember, ends: ["running"] },
  {
    name: "slow",
    spec: { program: "serve", prepareMs: 4_000, startMs: 2_000, stopMs: 3_000 },
    noteMember,
    ends: ["running"],
  },
  {
    name: "checked",
    spec: { program: "serve", health: "starting", healthyAfterMs: 3_000 },
    noteMember,
    ends: ["running"],
  },
  {
    // What may be started once and has been ended with 0 has completed.
    name: "once",
    spec: { program: "serve", restartPolicy: { policy: "no" }, startMs: 500 },
    noteMember,
    ends: ["running", "stopped"],
  },
  {
    name: "stubborn",
    spec: { program: "serve", stopMs: 60_000, stopGraceSeconds: 5 },
    noteMember,
    ends: ["running"],
  },
  {
    name: "job",
    spec: { program: "exit", exitAfterMs: 2_000, restartPolicy: { policy: "no" } },
    noteMember,
    ends: ["stopped"],
  },
  {
    name: "task",
    spec: { program: "exit", restartPolicy: { policy: "on-failure" } },
    noteMember,
    ends: ["stopped"],
  },
  {
    name: "broken",
    spec: { program: "exit", exitCode: 1 },
    noteMember,
    ends: ["failed", "pending"],
  },
  {
    // Somebody else may have ended it with 0.
    name: "brittle",
    spec: {
      program: "exit",
      exitCode: "unknown",
      exitAfterMs: 700,
      restartPolicy: { policy: "on-failure", maxRetryCount: 2 },
    },
    noteMember,
    ends: ["failed", "pending", "stopped"],
  },
  {
    name: "sick",
    spec: { program: "serve", health: "unhealthy" },
    noteMember,
    ends: ["failed", "pending"],
  },
  {
    name: "unpullable",
    spec: { program: "serve", prepareMs: 1_000, prepareFails: "IMAGE_NOT_FOUND" },
    noteMember,
    ends: ["failed", "pending"],
  },
  {
    // Somebody else may have started it.
    name: "portless",
    spec: { program: "serve", startFails: "PORT_CONFLICT" },
    noteMember,
    ends: ["failed", "pending", "running"],
  },
];

/** The runtime of the kit under simulation. */
export function simulatedModel({ clock, events }: ModelSurroundings): RuntimeModel {
  return new SimulatedModel(new SimulatedWorld({ clock, journalMax: 1_000 }), events);
}

class SimulatedModel implements RuntimeModel {
  readonly type = "simulated";
  readonly specs: readonly [ModelSpec, ...ModelSpec[]] = specs;
  readonly disturbances: readonly [ModelDisturbance, ...ModelDisturbance[]];
  readonly #world: SimulatedWorld;
  readonly #events: boolean;

  constructor(world: SimulatedWorld, events: boolean) {
    this.#world = world;
    this.#events = events;
    this.disturbances = disturbancesOf(world);
  }

  connect(): ModelConnection {
    const runtime = new SimulatedRuntime(this.#world, { type: this.type, events: this.#events });
    return { runtime, die: () => runtime.crash() };
  }

  instancesOf(id: string): readonly ModelInstance[] {
    return this.#world.instancesOf(id).map((it) => ({
      revisionId: it.revisionId,
      specDigest: it.specDigest,
      isLive: isUp(it),
      isKept: it.kept,
    }));
  }

  preparedOf(id: string): readonly string[] {
    return this.#world.instances.get(id)?.prepared.map(({ digest }) => digest) ?? [];
  }

  ids(): Iterable<string> {
    return this.#world.ids;
  }

  violations(): readonly string[] {
    return this.#world.violations;
  }

  reboot(): void {
    this.#world.reboot();
  }

  heal(): void {
    const world = this.#world;
    world.faults.clear();
    for (const { id, current } of world.instances.all()) {
      world.removeStranger(id);
      if (current === undefined || current.state === "exited") continue;
      const { health = "none" } = current.behaviour;
      if (health !== "unhealthy") world.setHealth(id, health === "none" ? "none" : "healthy");
    }
    for (const { name } of strangers) world.removeStranger(name);
  }
}

/** Ids that a life may have: a stranger may have taken any of their names. */
const strangers = ["a", "b", "c", "d", "e", "f", "g"].map((name) => ({ name }));

function disturbancesOf(world: SimulatedWorld): readonly [ModelDisturbance, ...ModelDisturbance[]] {
  const current = (id: string): SimulatedInstance | undefined => world.instances.get(id)?.current;
  const running = (name: string, act: (id: string) => void): ModelDisturbance => ({
    name,
    strike: (id) => {
      if (current(id)?.state !== "running") return false;
      act(id);
      return true;
    },
  });
  return [
    running("is killed", (id) => world.kill(id)),
    running("ends with 0", (id) => world.kill(id, { kind: "code", code: 0 })),
    running("ends unseen", (id) => world.kill(id, { kind: "unknown" })),
    running("is paused", (id) => world.pause(id)),
    running("becomes unhealthy", (id) => world.setHealth(id, "unhealthy")),
    running("is changed", (id) => world.setDrift(id, ["memory 1 instead of 2"])),
    {
      name: "is removed",
      strike: (id) => {
        if (current(id) === undefined) return false;
        world.removeBehind(id);
        return true;
      },
    },
    {
      name: "loses what was kept",
      strike: (id) => {
        if (world.instances.get(id)?.kept === undefined) return false;
        world.removeBehind(id, "kept");
        return true;
      },
    },
    {
      name: "is started by somebody",
      strike: (id) => {
        const it = current(id);
        if (it === undefined || it.state === "running" || world.liveCount(id) > 0) return false;
        // Somebody who starts what the agent is just working on would be the one who breaks the promise of one live instance.
        if (world.journal.isBusy(id)) return false;
        world.startBehind(id);
        return true;
      },
    },
    {
      name: "loses what was prepared",
      strike: (id) => {
        if (world.instances.get(id) === undefined) return false;
        world.losePrepared(id);
        return true;
      },
    },
    {
      name: "finds its name taken",
      strike: (id) => {
        world.addStranger(id, { holdsName: !world.isNameTaken(id) });
        return true;
      },
    },
    breaksOff(world, "replace"),
    breaksOff(world, "restore"),
    breaksOff(world, "remove"),
  ];
}

/** The next such call fails with its work half done. */
function breaksOff(world: SimulatedWorld, op: "replace" | "restore" | "remove"): ModelDisturbance {
  const error = new AgentError("RUNTIME_ERROR", `the ${op} broke off midway`, { retryable: true });
  return {
    name: `has its next ${op} break off`,
    strike: (id) => {
      world.faults.failNext(op, error, { id, at: "midway" });
      return true;
    },
  };
}
