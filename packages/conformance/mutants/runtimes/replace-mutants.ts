import { AgentError, type Instance, type WorkloadId } from "@persys/core";
import { altered, type RuntimeMutant, unheeded } from "../runtime-mutant.ts";
import { untilAborted } from "./race.ts";

/** Wrong ways to put one revision in the place of another. */
export const replaceMutants: readonly RuntimeMutant[] = [
  {
    name: "replace-drops-the-old",
    clauseHint: "RT-050",
    breaks: "replace removes the old revision instead of keeping it",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          await real.replace(target, signal);
          const holding = world.instances.ensure(target.id);
          world.instances.drop(holding, "kept");
        },
      }),
  },
  {
    name: "replace-keeps-the-latest",
    clauseHint: "RT-051",
    breaks:
      "replace over a kept one keeps the revision that never settled and removes the kept one",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          const { current, kept } = world.instances.get(target.id) ?? {};
          const isOther = current !== undefined && current.revisionId !== target.revisionId;
          if (isOther && kept !== undefined)
            await real.retire(target.id, [target.specDigest], signal);
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-keeps-two",
    clauseHint: "RT-051",
    breaks: "replace over a kept one keeps both",
    make: (_world, real) => {
      const spare = new Map<WorkloadId, Instance>();
      return altered(real, {
        replace: async (target, signal) => {
          const before = await real.observe(target.id, signal);
          await real.replace(target, signal);
          if (before.kind !== "present" || before.instances.length < 2) return;
          const pushedOut = before.instances.find((it) => !it.kept);
          if (pushedOut === undefined || pushedOut.revisionId === target.revisionId) return;
          const exit = { kind: "code", code: 143 } as const;
          spare.set(target.id, { ...pushedOut, kept: true, state: "exited", exit });
        },
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          const left = spare.get(id);
          if (seen.kind !== "present" || left === undefined) return seen;
          return { ...seen, instances: [...seen.instances, left] };
        },
      });
    },
  },
  {
    name: "replace-starts-first",
    clauseHint: "RT-053",
    breaks: "replace starts the new revision while the old one still runs",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          const holding = world.instances.get(target.id);
          const current = holding?.current;
          const isOther = current !== undefined && current.revisionId !== target.revisionId;
          const isReady = world.instances.isPrepared(holding, target.specDigest);
          if (holding !== undefined && isOther && isReady && holding.kept === undefined) {
            world.instances.setAside(holding);
            await real.start(target, signal);
          }
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-kills-the-old",
    clauseHint: "RT-053",
    breaks: "replace forces the old revision without its grace",
    make: (_world, real) =>
      altered(real, {
        replace: (target, signal) => real.replace({ ...target, stopGraceMs: 0 }, signal),
      }),
  },
  {
    name: "replace-trips-over-half",
    clauseHint: "RT-112",
    breaks: "replace that was called off after it had set the old one aside fails from then on",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          const { current, kept } = world.instances.get(target.id) ?? {};
          if (kept !== undefined && (current === undefined || current.run === 0)) {
            throw new AgentError("NOT_FOUND", `there is no current ${target.id}`, {
              effect: "none",
            });
          }
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-takes-half-for-whole",
    clauseHint: "RT-112",
    breaks: "replace that was called off midway does nothing when it is called again",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          if (world.instances.get(target.id)?.current?.state === "created") return;
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-goes-on-after-a-cancel",
    clauseHint: "RT-114",
    breaks: "replace that was called off gives up and finishes behind the caller's back",
    make: (_world, real) =>
      altered(real, {
        replace: (target, signal) => {
          signal.throwIfAborted();
          return untilAborted(real.replace(target, unheeded()), signal);
        },
      }),
  },
  {
    name: "replace-goes-by-the-spec",
    clauseHint: "RT-054",
    breaks: "replace takes a revision with the same spec for the one that runs",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          await real.list(signal);
          const current = world.instances.get(target.id)?.current;
          if (current?.specDigest === target.specDigest && current.state === "running") return;
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-goes-by-the-revision",
    clauseHint: "RT-054",
    breaks: "replace takes the same revision of an earlier creation of the id for its own",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          await real.list(signal);
          const current = world.instances.get(target.id)?.current;
          if (current?.revisionId === target.revisionId && current.state === "running") return;
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-leaves-the-drifted",
    clauseHint: "RT-056",
    breaks: "replace leaves an instance of its own revision that has drifted as it is",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          const current = world.instances.get(target.id)?.current;
          if (current !== undefined && current.drift.length > 0) return;
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-stops-before-it-looks",
    clauseHint: "RT-055",
    breaks: "replace by what is not prepared stops what runs before it finds out",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          const current = world.instances.get(target.id)?.current;
          if (current !== undefined && current.revisionId !== target.revisionId) {
            await real.stop(target.id, target.stopGraceMs, signal);
          }
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-restarts",
    clauseHint: "RT-050",
    breaks: "replace by what runs already restarts it",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          const current = world.instances.get(target.id)?.current;
          if (current?.revisionId === target.revisionId) {
            await real.stop(target.id, target.stopGraceMs, signal);
          }
          await real.replace(target, signal);
        },
      }),
  },
  {
    name: "replace-needs-an-old-one",
    clauseHint: "RT-052",
    breaks: "replace fails where nothing is there to be replaced",
    make: (world, real) =>
      altered(real, {
        replace: async (target, signal) => {
          if (world.instancesOf(target.id).length === 0) {
            throw new AgentError("NOT_FOUND", `there is no ${target.id}`, { effect: "none" });
          }
          await real.replace(target, signal);
        },
      }),
  },
];
