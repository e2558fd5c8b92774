import { AgentError, type Observation, specDigest, type WorkloadId } from "@persys/core";
import type { SimulatedWorld } from "@persys/conformance";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";
import { untilAborted } from "./race.ts";

/** Wrong ways to live with restarts of the agent, with strangers and with several callers. */
export const surroundingsMutants: readonly RuntimeMutant[] = [
  {
    name: "reopened-knows-nothing",
    clauseHint: "RT-070",
    breaks: "after a restart of the agent nothing is known of what runs",
    make: (_world, real) => {
      const own = new Set<WorkloadId>();
      return altered(real, {
        start: async (target, signal) => {
          own.add(target.id);
          await real.start(target, signal);
        },
        replace: async (target, signal) => {
          own.add(target.id);
          await real.replace(target, signal);
        },
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          return seen.kind === "present" && !own.has(id) ? { kind: "absent" } : seen;
        },
        list: async (signal) =>
          new Map([...(await real.list(signal))].filter(([id]) => own.has(id))),
      });
    },
  },
  {
    name: "reopened-lists-nothing",
    clauseHint: "RT-070",
    breaks: "after a restart of the agent list is empty until something was started",
    make: (_world, real) => {
      let hasStarted = false;
      return altered(real, {
        start: async (target, signal) => {
          hasStarted = true;
          await real.start(target, signal);
        },
        list: async (signal) => {
          const glances = await real.list(signal);
          return hasStarted ? glances : new Map();
        },
      });
    },
  },
  {
    name: "reopened-counts-runs-anew",
    clauseHint: "RT-070",
    breaks: "runs are named by a count that a restart of the agent forgets",
    make: (_world, real) => {
      const names = new Map<string, string>();
      const observe = async (id: WorkloadId, signal: AbortSignal): Promise<Observation> => {
        const seen = await real.observe(id, signal);
        if (seen.kind !== "present") return seen;
        const instances = seen.instances.map((it) => {
          if (it.run === undefined) return it;
          const name = names.get(it.run) ?? `run-${names.size + 1}`;
          names.set(it.run, name);
          return { ...it, run: name };
        });
        return { ...seen, instances };
      };
      return altered(real, {
        start: async (target, signal) => {
          await real.start(target, signal);
          await observe(target.id, signal);
        },
        observe,
      });
    },
  },
  {
    name: "reopened-forgets-the-kept",
    clauseHint: "RT-070",
    breaks: "which instance is kept is forgotten at a restart of the agent",
    make: (_world, real) => {
      const known = new Set<WorkloadId>();
      return altered(real, {
        replace: async (target, signal) => {
          known.add(target.id);
          await real.replace(target, signal);
        },
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          if (seen.kind !== "present" || known.has(id)) return seen;
          const current = seen.instances.filter((it) => !it.kept);
          return current.length === 0 ? { kind: "absent" } : { ...seen, instances: current };
        },
      });
    },
  },
  {
    name: "reopening-ends-programs",
    clauseHint: "RT-070",
    breaks: "programs end with the agent",
    make: (world, real) => {
      for (const id of world.ids) if (world.liveCount(id) > 0) world.kill(id);
      return real;
    },
  },
  {
    name: "stranger-is-removed",
    clauseHint: "RT-072",
    breaks: "remove takes what is not ours by its name",
    make: (world, real) =>
      altered(real, {
        remove: async (id, signal) => {
          await real.remove(id, signal);
          world.removeStranger(id);
        },
      }),
  },
  {
    name: "stranger-is-stopped",
    clauseHint: "RT-072",
    breaks: "stop takes what is not ours by its name",
    make: (world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          await real.stop(id, graceMs, signal);
          world.removeStranger(id);
        },
      }),
  },
  {
    name: "stranger-is-retired",
    clauseHint: "RT-072",
    breaks: "retire takes what is not ours by its name",
    make: (world, real) =>
      altered(real, {
        retire: async (id, keep, signal) => {
          await real.retire(id, keep, signal);
          world.removeStranger(id);
        },
      }),
  },
  {
    name: "stranger-is-observed",
    clauseHint: "RT-072",
    breaks: "observe takes what is not ours for ours by its name",
    make: (world, real) =>
      altered(real, {
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          if (seen.kind !== "absent" || !isThere(world, id)) return seen;
          const instance = {
            handle: `stranger-${id}`,
            uid: "",
            revisionId: "",
            specDigest: specDigest({}),
            kept: false,
            state: "running",
            health: "none",
            run: "1",
            drift: [],
            facts: {},
          } as const;
          return { kind: "present", instances: [instance], glance: "stranger" };
        },
      }),
  },
  {
    name: "stranger-is-adopted",
    clauseHint: "RT-072",
    breaks: "start takes what has the name already for its own instance, and succeeds",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          try {
            await real.start(target, signal);
          } catch (error) {
            if (!AgentError.hasCode(error, "NAME_CONFLICT") || !isThere(world, target.id)) {
              throw error;
            }
          }
        },
      }),
  },
  {
    name: "look-waits-for-calls",
    clauseHint: "RT-049",
    breaks: "observe waits until a call for the workload has ended",
    make: (_world, real) => {
      const underWay = new Map<WorkloadId, Promise<void>>();
      return altered(real, {
        stop: (id, graceMs, signal) => {
          const stopped = real.stop(id, graceMs, signal);
          underWay.set(
            id,
            stopped.catch(() => {}),
          );
          return stopped;
        },
        observe: async (id, signal) => {
          await untilAborted(underWay.get(id) ?? Promise.resolve(), signal);
          return real.observe(id, signal);
        },
      });
    },
  },
  {
    name: "list-waits-for-calls",
    clauseHint: "RT-049",
    breaks: "list waits until every call has ended",
    make: (_world, real) => {
      let underWay: Promise<unknown> = Promise.resolve();
      return altered(real, {
        stop: (id, graceMs, signal) => {
          const stopped = real.stop(id, graceMs, signal);
          underWay = Promise.allSettled([underWay, stopped]);
          return stopped;
        },
        list: async (signal) => {
          await untilAborted(
            underWay.then(() => {}),
            signal,
          );
          return real.list(signal);
        },
      });
    },
  },
  {
    name: "one-program-for-a-spec",
    clauseHint: "RT-048",
    breaks: "a second workload with the same spec ends the first",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          await real.start(target, signal);
          for (const id of world.ids) {
            const other = world.instances.get(id)?.current;
            if (id !== target.id && other?.specDigest === target.specDigest && other.run > 0) {
              if (world.liveCount(id) > 0) world.kill(id);
            }
          }
        },
      }),
  },
  {
    name: "calls-hang-when-aborted",
    clauseHint: "RT-110",
    breaks: "a call whose signal has aborted before never ends",
    make: (_world, real) =>
      altered(real, {
        start: async (target, signal) => {
          if (signal.aborted) await new Promise(() => {});
          await real.start(target, signal);
        },
      }),
  },
  {
    name: "calls-lose-the-reason",
    clauseHint: "RT-110",
    breaks: "a call whose signal has aborted fails with an error of its own",
    make: (_world, real) =>
      altered(real, {
        observe: (id, signal) =>
          signal.aborted
            ? Promise.reject(new AgentError("CANCELLED", "aborted"))
            : real.observe(id, signal),
        prepare: (target, signal, progress) =>
          real.prepare(target, signal, progress).catch((error: unknown) => {
            if (!signal.aborted) throw error;
            throw new AgentError("TIMEOUT", "prepare took too long", { cause: error });
          }),
      }),
  },
];

function isThere(world: SimulatedWorld, id: WorkloadId): boolean {
  return world.isNameTaken(id);
}
