import { AgentError, type Target, type WorkloadId } from "@persys/core";
import { altered, type RuntimeMutant, unheeded } from "../runtime-mutant.ts";
import { clearingUp, eitherEnds, untilAborted } from "./race.ts";

/** A runtime that starts something else than it was asked for. */
function startingAs(disguise: (target: Target) => Target): RuntimeMutant["make"] {
  return (_world, real) =>
    altered(real, { start: (target, signal) => real.start(disguise(target), signal) });
}

/** Wrong ways to start. */
export const startMutants: readonly RuntimeMutant[] = [
  {
    name: "start-makes-another-after-a-cancel",
    clauseHint: "RT-112",
    breaks:
      "start that was called off midway leaves its instance under a name of its own, and the next start makes another",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          try {
            await real.start(target, signal);
          } catch (error) {
            const holding = world.instances.get(target.id);
            if (signal.aborted && holding?.current?.run === 0) {
              world.instances.drop(holding, "current");
              const other = world.instances.ensure(`${target.id}-x2`);
              world.instances.run(other, world.instances.make(other, target));
            }
            throw error;
          }
        },
      }),
  },
  {
    name: "start-goes-on-after-a-cancel",
    clauseHint: "RT-114",
    breaks:
      "start that was called off gives up and starts the program behind the caller's back all the same",
    make: (_world, real) =>
      altered(real, {
        start: (target, signal) => {
          signal.throwIfAborted();
          return untilAborted(real.start(target, unheeded()), signal);
        },
      }),
  },
  {
    name: "start-gives-up-slowly",
    clauseHint: "RT-124",
    breaks: "start that is called off clears up for five seconds before it gives up",
    make: (world, real) =>
      altered(real, {
        start: (target, signal) =>
          clearingUp(world.clock, signal, () => real.start(target, signal)),
      }),
  },
  {
    name: "start-runs-the-running-again",
    clauseHint: "RT-033",
    breaks: "start of what runs ends it and runs it again",
    make: (_world, real) =>
      altered(real, {
        start: async (target, signal) => {
          await real.stop(target.id, target.stopGraceMs, signal);
          await real.start(target, signal);
        },
      }),
  },
  {
    name: "start-fails-on-the-running",
    clauseHint: "RT-033",
    breaks: "start of what runs fails with a conflict",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          const wasLive = world.liveCount(target.id) > 0;
          await real.start(target, signal);
          if (wasLive) throw new AgentError("NAME_CONFLICT", `${target.id} exists already`);
        },
      }),
  },
  {
    name: "start-returns-early",
    clauseHint: "RT-033",
    breaks: "start returns before the program was started",
    make: (world, real) =>
      altered(real, {
        start: (target, signal) => eitherEnds(world.clock, real.start(target, signal), 1),
      }),
  },
  {
    name: "start-forgets-the-uid",
    clauseHint: "RT-027",
    breaks: "start marks instances with the id instead of the uid",
    make: startingAs((target) => ({ ...target, uid: target.id })),
  },
  {
    name: "start-forgets-the-revision",
    clauseHint: "RT-027",
    breaks: "start marks every instance with the same revision",
    make: startingAs((target) => ({ ...target, revisionId: "r0" })),
  },
  {
    name: "start-runs-what-is-there",
    clauseHint: "RT-035",
    breaks: "start runs the instance that is there, of whatever revision",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          const current = world.instancesOf(target.id).find((it) => !it.kept);
          await real.list(signal);
          if (current === undefined || current.revisionId === target.revisionId) {
            await real.start(target, signal);
          } else if (current.state === "exited") world.startBehind(target.id);
        },
      }),
  },
  {
    name: "start-leaves-the-paused",
    clauseHint: "RT-037",
    breaks: "start takes a paused program for a running one",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          if (world.instancesOf(target.id)[0]?.state === "paused") return;
          await real.start(target, signal);
        },
      }),
  },
  {
    name: "start-leaves-the-exited",
    clauseHint: "RT-036",
    breaks: "start takes an instance that exists for one that runs",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          if (world.instancesOf(target.id)[0]?.state === "exited") return;
          await real.start(target, signal);
        },
      }),
  },
  {
    name: "start-leaves-the-half-made",
    clauseHint: "RT-112",
    breaks: "start fails for ever once an instance was made and not started",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          if (world.instancesOf(target.id)[0]?.state === "created") {
            throw new AgentError("NAME_CONFLICT", `${target.id} exists already`);
          }
          await real.start(target, signal);
        },
      }),
  },
  {
    name: "start-prepares-nothing-and-says-so-wrongly",
    clauseHint: "RT-034",
    breaks: "start of what was not prepared fails as for an unknown reason",
    make: (_world, real) =>
      altered(real, {
        start: (target, signal) =>
          real.start(target, signal).catch((error: unknown) => {
            if (!AgentError.hasCode(error, "NOT_PREPARED")) throw error;
            throw new AgentError("RUNTIME_ERROR", "it could not be started", { cause: error });
          }),
      }),
  },
  {
    name: "start-gives-up-and-says-nothing-happened",
    breaks:
      "start stops waiting after a while, says that nothing was started, and the program comes up",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          const started = real.start(target, signal).then(() => true as const);
          const late = Promise.withResolvers<undefined>();
          world.clock.schedule(15, () => late.resolve(undefined));
          started.catch(() => {});
          if ((await Promise.race([started, late.promise])) === true) return;
          throw new AgentError("TIMEOUT", "it did not start in time", {
            retryable: true,
            effect: "none",
          });
        },
      }),
  },
  {
    name: "start-takes-over-a-stranger",
    clauseHint: "RT-072",
    breaks: "start removes what is not ours from the name it needs",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          await real.list(signal);
          world.removeStranger(target.id);
          await real.start(target, signal);
        },
      }),
  },
  {
    name: "starts-mix-up-targets",
    clauseHint: "RT-132",
    breaks: "starts that are under way together all start the workload that was asked for last",
    make: (_world, real) => {
      let latest: Target | undefined;
      return altered(real, {
        start: async (target, signal) => {
          latest = target;
          await real.list(signal);
          await real.start(latest, signal);
        },
      });
    },
  },
  {
    name: "starts-wait-for-each-other",
    clauseHint: "RT-049",
    breaks: "a call for one workload waits for those of all others",
    make: (_world, real) => {
      let last: Promise<void> = Promise.resolve();
      const inTurn = (signal: AbortSignal, work: () => Promise<void>): Promise<void> => {
        const done = untilAborted(last, signal).then(work);
        last = done.catch(() => {});
        return done;
      };
      return altered(real, {
        start: (target, signal) => inTurn(signal, () => real.start(target, signal)),
        stop: (id: WorkloadId, graceMs, signal) =>
          inTurn(signal, () => real.stop(id, graceMs, signal)),
      });
    },
  },
];
