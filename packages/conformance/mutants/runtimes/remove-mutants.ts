import { AgentError, type WorkloadId } from "@persys/core";
import type { SimulatedWorld } from "@persys/conformance";
import { altered, type RuntimeMutant, unheeded } from "../runtime-mutant.ts";

/** A runtime whose remove also takes those of its ids that `isTaken` tells. */
function takingOthers(isTaken: (other: string, id: string) => boolean): RuntimeMutant["make"] {
  return (world, real) =>
    altered(real, {
      remove: async (id, signal) => {
        await real.remove(id, signal);
        const others = world.ids.filter((other) => other !== id && isTaken(other, id));
        for (const other of others) await real.remove(other as WorkloadId, signal);
      },
    });
}

/** Makes a remove overlook the kept instance. */
async function withoutKept(
  world: SimulatedWorld,
  id: WorkloadId,
  work: () => Promise<void>,
): Promise<void> {
  const { kept, glance = "" } = world.instances.get(id) ?? {};
  await work();
  if (kept !== undefined) Object.assign(world.instances.ensure(id), { kept, glance: `${glance}-` });
}

/** Wrong ways to remove. */
export const removeMutants: readonly RuntimeMutant[] = [
  {
    name: "remove-takes-longer-names",
    clauseHint: "RT-047",
    breaks: "remove takes every workload whose id begins with the one that is meant",
    make: takingOthers((other, id) => other.startsWith(id)),
  },
  {
    name: "remove-takes-the-other-case",
    clauseHint: "RT-047",
    breaks: "remove takes ids that differ only in upper and lower case",
    make: takingOthers((other, id) => other.toLowerCase() === id.toLowerCase()),
  },
  {
    name: "remove-takes-similar-characters",
    clauseHint: "RT-047",
    breaks: "remove takes ids that differ only in dots, underscores and dashes",
    make: takingOthers(
      (other, id) => other.replaceAll(/[._]/g, "-") === id.replaceAll(/[._]/g, "-"),
    ),
  },
  {
    name: "remove-leaves-the-kept",
    clauseHint: "RT-063",
    breaks: "remove leaves the kept instance",
    make: (world, real) =>
      altered(real, {
        remove: (id, signal) => withoutKept(world, id, () => real.remove(id, signal)),
      }),
  },
  {
    name: "remove-leaves-the-prepared",
    clauseHint: "RT-042",
    breaks: "remove leaves what prepare made",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          const prepared = world.instances.get(id)?.prepared ?? [];
          await real.remove(id, signal);
          for (const { digest, whole } of prepared) {
            world.instances.setPrepared(world.instances.ensure(id), digest, whole);
          }
        },
      }),
  },
  {
    name: "remove-leaves-the-prepared-of-others",
    clauseHint: "RT-042",
    breaks: "remove leaves what prepare made for a revision that is not the current one",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          const { prepared = [], current } = world.instances.get(id) ?? {};
          await real.remove(id, signal);
          if (current === undefined) return;
          for (const { digest, whole } of prepared) {
            if (digest === current.specDigest) continue;
            world.instances.setPrepared(world.instances.ensure(id), digest, whole);
          }
        },
      }),
  },
  {
    name: "remove-leaves-the-half-prepared",
    breaks: "remove leaves what an interrupted prepare had begun",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          const half = world.instances.get(id)?.prepared.filter((it) => !it.whole) ?? [];
          await real.remove(id, signal);
          for (const { digest } of half) {
            world.instances.setPrepared(world.instances.ensure(id), digest, false);
          }
        },
      }),
  },
  {
    name: "remove-leaves-the-never-started",
    breaks: "remove leaves an instance that was made and never started",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          const { current, glance = "" } = world.instances.get(id) ?? {};
          await real.remove(id, signal);
          if (current?.run !== 0) return;
          current.state = "created";
          Object.assign(world.instances.ensure(id), { current, glance: `${glance}-` });
        },
      }),
  },
  {
    name: "remove-fails-on-absent",
    clauseHint: "RT-041",
    breaks: "remove fails where nothing is there",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          const isThere = world.instances.get(id) !== undefined;
          await real.remove(id, signal);
          if (!isThere) throw new AgentError("NOT_FOUND", `there is no ${id}`, { effect: "none" });
        },
      }),
  },
  {
    name: "remove-fails-while-it-runs",
    clauseHint: "RT-041",
    breaks: "remove fails with a conflict as long as the program runs",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          if (world.liveCount(id) > 0) {
            throw new AgentError("RUNTIME_ERROR", `${id} runs: stop it first`, { effect: "none" });
          }
          await real.remove(id, signal);
        },
      }),
  },
  {
    name: "remove-returns-early",
    clauseHint: "RT-041",
    breaks: "remove returns while things are still being removed",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          await real.list(signal);
          world.clock.schedule(40, () => {
            void real.remove(id, unheeded()).catch(() => {});
          });
        },
      }),
  },
  {
    name: "remove-only-hides",
    clauseHint: "RT-041",
    breaks: "remove ends the program and forgets it, and leaves what there is of it on the host",
    make: (world, real) => {
      const hidden = hiddenIn(world);
      return altered(real, {
        remove: async (id, signal) => {
          await real.stop(id, 0, signal);
          hidden.add(id);
        },
        prepare: async (target, signal, progress) => {
          if (hidden.delete(target.id)) await real.remove(target.id, signal);
          await real.prepare(target, signal, progress);
        },
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          return seen.kind === "present" && hidden.has(id) ? { kind: "absent" } : seen;
        },
        list: async (signal) => {
          const glances = await real.list(signal);
          return new Map([...glances].filter(([id]) => !hidden.has(id)));
        },
      });
    },
  },
];

const hiddenByWorld = new WeakMap<SimulatedWorld, Set<WorkloadId>>();

/** What was forgotten in a world, also after a restart of the agent. */
function hiddenIn(world: SimulatedWorld): Set<WorkloadId> {
  const known = hiddenByWorld.get(world) ?? new Set();
  hiddenByWorld.set(world, known);
  return known;
}
