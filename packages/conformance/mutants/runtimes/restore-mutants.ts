import { AgentError } from "@persys/core";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";

/** Wrong ways to end a replacement, either way. */
export const restoreMutants: readonly RuntimeMutant[] = [
  {
    name: "restore-retires",
    clauseHint: "RT-060",
    breaks: "restore removes the kept instance",
    make: (_world, real) => altered(real, { restore: (id, signal) => real.retire(id, [], signal) }),
  },
  {
    name: "restore-keeps-the-failed",
    clauseHint: "RT-060",
    breaks: "restore keeps the instance that had taken the place",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          const failed = world.instances.get(id)?.current;
          const hadKept = world.instances.get(id)?.kept !== undefined;
          await real.restore(id, signal);
          if (failed === undefined || !hadKept) return;
          failed.kept = true;
          failed.exit = { kind: "code", code: 143 };
          world.instances.ensure(id).kept = failed;
        },
      }),
  },
  {
    name: "restore-starts-nothing",
    clauseHint: "RT-060",
    breaks: "restore makes the kept instance the current one and does not run it",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          await real.list(signal);
          const holding = world.instances.get(id);
          if (holding?.kept === undefined) return;
          world.instances.drop(holding, "current");
          world.instances.bringBack(holding);
        },
      }),
  },
  {
    name: "restore-restarts",
    clauseHint: "RT-060",
    breaks: "restore without a kept instance restarts the current one",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          if (world.instances.get(id)?.kept === undefined && world.liveCount(id) > 0) {
            world.kill(id);
            world.startBehind(id);
          }
          await real.restore(id, signal);
        },
      }),
  },
  {
    name: "restore-fails-without-kept",
    clauseHint: "RT-060",
    breaks: "restore without a kept instance fails",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          if (world.instances.get(id)?.kept === undefined) {
            throw new AgentError("NOT_FOUND", `nothing is kept for ${id}`, { effect: "none" });
          }
          await real.restore(id, signal);
        },
      }),
  },
  {
    name: "restore-removes-without-kept",
    clauseHint: "RT-060",
    breaks: "restore without a kept instance removes the current one",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          const holding = world.instances.get(id);
          const hasKept = holding?.kept !== undefined;
          await real.restore(id, signal);
          if (holding !== undefined && !hasKept) world.instances.drop(holding, "current");
        },
      }),
  },
  {
    name: "restore-needs-a-current",
    clauseHint: "RT-112",
    breaks:
      "restore that was called off after it had removed the failed one does nothing when it is called again",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          await real.list(signal);
          if (world.instances.get(id)?.current === undefined) return;
          await real.restore(id, signal);
        },
      }),
  },
  {
    name: "restore-leaves-it-aside",
    clauseHint: "RT-060",
    breaks: "restore runs the kept instance and does not make it the current one",
    make: (world, real) =>
      altered(real, {
        restore: async (id, signal) => {
          const holding = world.instances.get(id);
          const kept = holding?.kept;
          await real.restore(id, signal);
          if (holding === undefined || kept === undefined) return;
          kept.kept = true;
          holding.kept = kept;
          holding.current = undefined;
        },
      }),
  },
  {
    name: "retire-takes-the-current",
    clauseHint: "RT-057",
    breaks: "retire removes the current instance and leaves the kept one",
    make: (world, real) =>
      altered(real, {
        retire: async (id, keepDigests, signal) => {
          await real.list(signal);
          const holding = world.instances.get(id);
          if (holding === undefined) return;
          if (holding.kept !== undefined) world.instances.drop(holding, "current");
          world.instances.keepPrepared(holding, keepDigests);
        },
      }),
  },
  {
    name: "retire-without-kept-takes-the-current",
    clauseHint: "RT-057",
    breaks: "retire without a kept instance removes the current one",
    make: (world, real) =>
      altered(real, {
        retire: async (id, keepDigests, signal) => {
          const holding = world.instances.get(id);
          const hasKept = holding?.kept !== undefined;
          await real.retire(id, keepDigests, signal);
          if (holding !== undefined && !hasKept) world.instances.drop(holding, "current");
        },
      }),
  },
  {
    name: "retire-forgets-what-to-keep",
    clauseHint: "RT-057",
    breaks: "retire throws away all that was prepared, what is to be kept included",
    make: (_world, real) =>
      altered(real, { retire: (id, _keepDigests, signal) => real.retire(id, [], signal) }),
  },
  {
    name: "retire-keeps-all-prepared",
    clauseHint: "RT-059",
    breaks: "retire leaves what was prepared for revisions that are not wanted any more",
    make: (world, real) =>
      altered(real, {
        retire: (id, keepDigests, signal) => {
          const prepared = world.instances.get(id)?.prepared ?? [];
          return real.retire(id, [...keepDigests, ...prepared.map((it) => it.digest)], signal);
        },
      }),
  },
  {
    name: "retire-leaves-the-kept",
    clauseHint: "RT-057",
    breaks: "retire leaves the kept instance",
    make: (world, real) =>
      altered(real, {
        retire: async (id, keepDigests, signal) => {
          await real.list(signal);
          const holding = world.instances.get(id);
          if (holding !== undefined) world.instances.keepPrepared(holding, keepDigests);
        },
      }),
  },
  {
    name: "retire-fails-on-absent",
    clauseHint: "RT-058",
    breaks: "retire fails where nothing is there",
    make: (world, real) =>
      altered(real, {
        retire: async (id, keepDigests, signal) => {
          if (world.instances.get(id) === undefined) {
            throw new AgentError("NOT_FOUND", `there is no ${id}`, { effect: "none" });
          }
          await real.retire(id, keepDigests, signal);
        },
      }),
  },
];
