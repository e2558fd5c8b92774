import { AgentError } from "@persys/core";
import { altered, type RuntimeMutant, unheeded } from "../runtime-mutant.ts";
import { eitherEnds } from "./race.ts";

/** Wrong ways to end what runs. */
export const stopMutants: readonly RuntimeMutant[] = [
  {
    name: "stop-returns-early",
    clauseHint: "RT-038",
    breaks: "stop asks the program to end and does not wait until it has",
    make: (world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          await eitherEnds(world.clock, real.stop(id, graceMs, signal), 5);
        },
      }),
  },
  {
    name: "stop-kills-at-once",
    clauseHint: "RT-038",
    breaks: "stop forces the program without waiting out the grace",
    make: (_world, real) =>
      altered(real, { stop: (id, _graceMs, signal) => real.stop(id, 0, signal) }),
  },
  {
    name: "stop-never-forces",
    clauseHint: "RT-038",
    breaks: "stop waits for as long as the program takes",
    make: (_world, real) =>
      altered(real, {
        stop: (id, _graceMs, signal) => real.stop(id, Number.POSITIVE_INFINITY, signal),
      }),
  },
  {
    name: "stop-takes-seconds",
    clauseHint: "RT-038",
    breaks: "stop takes the grace for seconds",
    make: (_world, real) =>
      altered(real, { stop: (id, graceMs, signal) => real.stop(id, graceMs * 1000, signal) }),
  },
  {
    name: "stop-removes",
    clauseHint: "RT-039",
    breaks: "stop removes what it has ended",
    make: (_world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          await real.stop(id, graceMs, signal);
          await real.remove(id, signal);
        },
      }),
  },
  {
    name: "stop-fails-on-absent",
    clauseHint: "RT-040",
    breaks: "stop fails where nothing is there",
    make: (world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          await real.stop(id, graceMs, signal);
          if (world.instancesOf(id).length === 0) {
            throw new AgentError("NOT_FOUND", `there is no ${id}`, { effect: "none" });
          }
        },
      }),
  },
  {
    name: "stop-fails-on-exited",
    clauseHint: "RT-039",
    breaks: "stop fails when the program has ended already",
    make: (world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          const wasExited = world.instancesOf(id)[0]?.state === "exited";
          await real.stop(id, graceMs, signal);
          if (wasExited) throw new AgentError("RUNTIME_ERROR", `${id} does not run`);
        },
      }),
  },
  {
    name: "stop-cannot-be-cancelled",
    clauseHint: "RT-113",
    breaks: "stop goes on to the end of its grace whatever becomes of its signal",
    make: (_world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          signal.throwIfAborted();
          await real.stop(id, graceMs, unheeded());
        },
      }),
  },
  {
    name: "stop-forces-when-cancelled",
    clauseHint: "RT-113",
    breaks: "stop forces the program when it is called off",
    make: (_world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          try {
            await real.stop(id, graceMs, signal);
          } catch (error) {
            await real.stop(id, 0, unheeded());
            throw error;
          }
        },
      }),
  },
  {
    name: "stop-hides-why-it-was-cancelled",
    clauseHint: "RT-110",
    breaks: "stop that is called off fails with an error of its own instead of the signal's reason",
    make: (_world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          try {
            await real.stop(id, graceMs, signal);
          } catch (error) {
            if (!signal.aborted) throw error;
            throw new AgentError("CANCELLED", "the stop was interrupted", { cause: error });
          }
        },
      }),
  },
  {
    name: "stop-leaves-the-paused",
    clauseHint: "RT-037",
    breaks: "stop asks a paused program to end, which it cannot hear, and leaves it paused",
    make: (world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          if (world.instancesOf(id)[0]?.state === "paused") return;
          await real.stop(id, graceMs, signal);
        },
      }),
  },
  {
    name: "stop-forgets-the-prepared",
    clauseHint: "RT-039",
    breaks: "stop throws away what prepare made, so that nothing can be started again",
    make: (world, real) =>
      altered(real, {
        stop: async (id, graceMs, signal) => {
          await real.stop(id, graceMs, signal);
          world.losePrepared(id);
        },
      }),
  },
  {
    name: "ended-programs-come-back",
    clauseHint: "RT-045",
    breaks: "a program that has ended is run again by the runtime itself",
    make: (world, real) =>
      altered(real, {
        start: async (target, signal) => {
          await real.start(target, signal);
          for (const afterMs of [30, 60, 90]) {
            world.clock.schedule(afterMs, () => {
              if (world.instancesOf(target.id)[0]?.state === "exited") {
                world.startBehind(target.id);
              }
            });
          }
        },
      }),
  },
];
