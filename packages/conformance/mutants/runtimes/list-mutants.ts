import { AgentError, type Glance, type WorkloadId } from "@persys/core";
import type { SimulatedHolding } from "@persys/conformance";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";

type Listed = ReadonlyMap<WorkloadId, Glance>;

/** A runtime whose list misses the workloads for which `isSeen` says no. */
function listing(isSeen: (holding: SimulatedHolding) => boolean): RuntimeMutant["make"] {
  return (world, real) =>
    altered(real, {
      list: async (signal) => {
        const glances = await real.list(signal);
        return new Map(
          [...glances].filter(([id]) => {
            const holding = world.instances.get(id);
            return holding !== undefined && isSeen(holding);
          }),
        );
      },
    });
}

/** Wrong ways to look at all. */
export const listMutants: readonly RuntimeMutant[] = [
  {
    name: "list-misses-the-paused",
    clauseHint: "RT-022",
    breaks: "list leaves out workloads that are paused",
    make: listing(({ current }) => current?.state !== "paused"),
  },
  {
    name: "list-misses-the-exited",
    clauseHint: "RT-022",
    breaks: "list leaves out workloads that do not run",
    make: listing(({ current }) => current?.state !== "exited"),
  },
  {
    name: "list-misses-the-never-started",
    breaks: "list leaves out instances that were made and never started",
    make: listing(({ current }) => current?.state !== "created"),
  },
  {
    name: "list-misses-the-kept",
    clauseHint: "RT-022",
    breaks: "list leaves out workloads of which only the kept instance is there",
    make: listing(({ current }) => current !== undefined),
  },
  {
    name: "list-has-one-page",
    clauseHint: "RT-048",
    breaks: "list gives the first page of the workloads only",
    make: (_world, real) =>
      altered(real, {
        list: async (signal): Promise<Listed> =>
          new Map([...(await real.list(signal))].slice(0, 8)),
      }),
  },
  {
    name: "list-is-empty-when-unreadable",
    clauseHint: "RT-121",
    breaks: "list gives an empty map when the runtime cannot be read",
    make: (_world, real) =>
      altered(real, {
        list: async (signal): Promise<Listed> => {
          try {
            return await real.list(signal);
          } catch (error) {
            if (AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) return new Map();
            throw error;
          }
        },
      }),
  },
  {
    name: "list-remembers-when-unreadable",
    clauseHint: "RT-121",
    breaks: "list gives what it saw the last time when the runtime cannot be read",
    make: (_world, real) => {
      let last: Listed | undefined;
      return altered(real, {
        list: async (signal) => {
          try {
            last = await real.list(signal);
            return last;
          } catch (error) {
            if (last === undefined || signal.aborted) throw error;
            return last;
          }
        },
      });
    },
  },
  {
    name: "list-is-old",
    clauseHint: "RT-023",
    breaks: "list gives again what it saw up to a minute ago",
    make: (world, real) => {
      let last: { readonly glances: Listed; readonly atMs: number } | undefined;
      return altered(real, {
        list: async (signal) => {
          const nowMs = world.clock.monotonicMs();
          if (last === undefined || nowMs - last.atMs > 60_000 || world.unreachable) {
            last = { glances: await real.list(signal), atMs: nowMs };
          }
          return last.glances;
        },
      });
    },
  },
  {
    name: "list-has-the-prepared",
    breaks: "list has workloads for which nothing but a preparation is there",
    make: (world, real) =>
      altered(real, {
        list: async (signal) => {
          const glances = new Map(await real.list(signal));
          for (const id of world.ids) {
            if (!glances.has(id as WorkloadId)) glances.set(id as WorkloadId, "prepared");
          }
          return glances;
        },
      }),
  },
  {
    name: "list-has-the-removed",
    clauseHint: "RT-047",
    breaks: "list has workloads that were removed",
    make: (_world, real) => {
      const known = new Map<WorkloadId, Glance>();
      return altered(real, {
        list: async (signal) => {
          for (const [id, glance] of await real.list(signal)) known.set(id, glance);
          return new Map(known);
        },
      });
    },
  },
];
