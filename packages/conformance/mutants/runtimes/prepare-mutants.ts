import { AgentError } from "@persys/core";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";
import { clearingUp } from "./race.ts";

/** Wrong ways to prepare. */
export const prepareMutants: readonly RuntimeMutant[] = [
  {
    name: "prepare-starts",
    clauseHint: "RT-030",
    breaks: "prepare starts what it has prepared",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          await real.prepare(target, signal, progress);
          if (world.instancesOf(target.id).length === 0) await real.start(target, signal);
        },
      }),
  },
  {
    name: "prepare-makes-way",
    clauseHint: "RT-031",
    breaks: "prepare stops the revision that runs",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          const current = world.instancesOf(target.id)[0];
          if (current !== undefined && current.revisionId !== target.revisionId) {
            await real.stop(target.id, target.stopGraceMs, signal);
          }
          await real.prepare(target, signal, progress);
        },
      }),
  },
  {
    name: "prepare-restarts",
    clauseHint: "RT-031",
    breaks: "prepare restarts what runs",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          await real.prepare(target, signal, progress);
          if (world.liveCount(target.id) === 0) return;
          world.kill(target.id);
          world.startBehind(target.id);
        },
      }),
  },
  {
    name: "prepare-takes-half-for-whole",
    clauseHint: "RT-112",
    breaks: "prepare takes what an interrupted one has left for complete",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          const prepared = world.instances.get(target.id)?.prepared ?? [];
          if (prepared.some((it) => it.digest === target.specDigest)) return;
          await real.prepare(target, signal, progress);
        },
      }),
  },
  {
    name: "prepare-trips-over-half",
    clauseHint: "RT-112",
    breaks: "prepare fails for ever on what an interrupted one has left",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          const prepared = world.instances.get(target.id)?.prepared ?? [];
          if (prepared.some((it) => it.digest === target.specDigest && !it.whole)) {
            throw new AgentError("STORAGE_ERROR", "it exists already", { effect: "none" });
          }
          await real.prepare(target, signal, progress);
        },
      }),
  },
  {
    name: "prepare-fails-the-second-time",
    clauseHint: "RT-030",
    breaks: "prepare fails when it was done already",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          const { instances } = world;
          if (instances.isPrepared(instances.get(target.id), target.specDigest)) {
            throw new AgentError("STORAGE_ERROR", "it exists already", { effect: "none" });
          }
          await real.prepare(target, signal, progress);
        },
      }),
  },
  {
    name: "prepare-has-one-place",
    breaks: "prepare throws away what was prepared for the revision that runs",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          await real.prepare(target, signal, progress);
          const holding = world.instances.ensure(target.id);
          world.instances.keepPrepared(holding, [target.specDigest]);
        },
      }),
  },
  {
    name: "prepare-gives-up-slowly",
    clauseHint: "RT-124",
    breaks: "prepare that is called off clears up for five seconds before it gives up",
    make: (world, real) =>
      altered(real, {
        prepare: (target, signal, progress) =>
          clearingUp(world.clock, signal, () => real.prepare(target, signal, progress)),
      }),
  },
  {
    name: "prepare-hides-its-failure",
    clauseHint: "RT-032",
    breaks: "prepare that fails says that it has succeeded",
    make: (_world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          try {
            await real.prepare(target, signal, progress);
          } catch (error) {
            if (signal.aborted || AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
          }
        },
      }),
  },
  {
    name: "prepare-needs-an-empty-place",
    clauseHint: "RT-031",
    breaks: "prepare fails while another revision runs",
    make: (world, real) =>
      altered(real, {
        prepare: async (target, signal, progress) => {
          const current = world.instancesOf(target.id)[0];
          if (current !== undefined && current.revisionId !== target.revisionId) {
            throw new AgentError("NAME_CONFLICT", `${target.id} is in use`, { effect: "none" });
          }
          await real.prepare(target, signal, progress);
        },
      }),
  },
];
