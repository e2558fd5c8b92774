import type { SeededRandom, SimulatedInstance, SimulatedWorld } from "@persys/conformance";

/** Where a disturbance strikes. */
interface Scene {
  readonly world: SimulatedWorld;
  readonly id: string;
  readonly current: Readonly<SimulatedInstance>;
}

/** Something that happens to a workload behind the agent's back. */
interface Disturbance {
  readonly name: string;
  /** Whether it can happen to what there is. */
  readonly fits: (scene: Scene) => boolean;
  readonly strike: (scene: Scene) => void;
}

const runs = ({ current }: Scene): boolean => current.state === "running";

/** Somebody who starts what the agent is just working on would be the one who breaks the promise of one live instance. */
const mayBeStarted = ({ world, id, current }: Scene): boolean =>
  !runs({ world, id, current }) && world.liveCount(id) === 0 && !isBusy(world, id);

const disturbances: readonly [Disturbance, ...Disturbance[]] = [
  { name: "is killed", fits: runs, strike: ({ world, id }) => world.kill(id) },
  {
    name: "ends with 0",
    fits: runs,
    strike: ({ world, id }) => world.kill(id, { kind: "code", code: 0 }),
  },
  {
    name: "ends unseen",
    fits: runs,
    strike: ({ world, id }) => world.kill(id, { kind: "unknown" }),
  },
  { name: "is removed", fits: () => true, strike: ({ world, id }) => world.removeBehind(id) },
  {
    name: "loses what was kept",
    fits: ({ world, id }) => world.instances.get(id)?.kept !== undefined,
    strike: ({ world, id }) => world.removeBehind(id, "kept"),
  },
  { name: "is paused", fits: runs, strike: ({ world, id }) => world.pause(id) },
  {
    name: "is started by somebody",
    fits: mayBeStarted,
    strike: ({ world, id }) => world.startBehind(id),
  },
  {
    name: "becomes unhealthy",
    fits: runs,
    strike: ({ world, id }) => world.setHealth(id, "unhealthy"),
  },
  {
    name: "is changed",
    fits: runs,
    strike: ({ world, id }) => world.setDrift(id, ["memory 1 instead of 2"]),
  },
  {
    name: "loses what was prepared",
    fits: () => true,
    strike: ({ world, id }) => world.losePrepared(id),
  },
];

/** Lets something random happen to a workload, if there is anything it can happen to. Returns what, in words. */
export function disturb(world: SimulatedWorld, id: string, random: SeededRandom): string {
  if (random.chance(0.02)) {
    world.reboot();
    return "the host is rebooted";
  }
  const disturbance = random.pick(disturbances);
  const current = world.instances.get(id)?.current;
  if (current === undefined || !disturbance.fits({ world, id, current })) return "nothing happens";
  disturbance.strike({ world, id, current });
  return `${id} ${disturbance.name}`;
}

/** Lets every instance that was made unhealthy recover, except where its spec says that it never is. */
export function recoverHealth(world: SimulatedWorld): void {
  for (const { id, current } of world.instances.all()) {
    if (current === undefined || current.state === "exited") continue;
    const { health = "none" } = current.behaviour;
    if (health !== "unhealthy") world.setHealth(id, health === "none" ? "none" : "healthy");
  }
}

function isBusy(world: SimulatedWorld, id: string): boolean {
  return world.journal.entries.findLast((it) => it.id === id)?.outcome === "under way";
}
