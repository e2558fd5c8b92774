import type { Glance, WorkloadId } from "@persys/core";
import type { SimulatedHolding, SimulatedWorld } from "@persys/conformance";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";

/** A runtime whose glances, of list and observe alike, are what `glanceOf` makes of what exists. */
function glancing(
  glanceOf: (holding: SimulatedHolding, world: SimulatedWorld) => Glance,
): RuntimeMutant["make"] {
  return (world, real) => {
    const glance = (id: WorkloadId, otherwise: Glance): Glance => {
      const holding = world.instances.get(id);
      return holding === undefined ? otherwise : glanceOf(holding, world);
    };
    return altered(real, {
      list: async (signal) => {
        const glances = await real.list(signal);
        return new Map(Array.from(glances, ([id, own]) => [id, glance(id, own)]));
      },
      observe: async (id, signal) => {
        const seen = await real.observe(id, signal);
        return seen.kind === "present" ? { ...seen, glance: glance(id, seen.glance) } : seen;
      },
    });
  };
}

/** What a sound glance is made of. */
type Part = "state" | "run" | "health" | "drift" | "revisionId" | "kept" | "exit" | "handle";
const parts: readonly Part[] = [
  "handle",
  "revisionId",
  "state",
  "run",
  "health",
  "drift",
  "exit",
  "kept",
];

/** A glance of what the instances are, without one part of it. */
function glanceWithout(left: Part): RuntimeMutant["make"] {
  const rest = parts.filter((it) => it !== left);
  return glancing(({ current, kept }) =>
    [current, left === "kept" ? undefined : kept]
      .map((it) =>
        it === undefined ? "-" : rest.map((part) => JSON.stringify(it[part])).join(" "),
      )
      .join(" / "),
  );
}

/** Wrong ways to say in short what is there. */
export const glanceMutants: readonly RuntimeMutant[] = [
  {
    name: "glance-constant",
    clauseHint: "RT-023",
    breaks: "the glance is always the same",
    make: glancing(() => "here"),
  },
  {
    name: "glance-of-the-moment",
    clauseHint: "RT-023",
    breaks: "the glance differs with every look",
    make: (_world, real) => {
      let looks = 0;
      return altered(real, {
        list: async (signal) =>
          new Map(Array.from(await real.list(signal), ([id]) => [id, String((looks += 1))])),
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          return seen.kind === "present" ? { ...seen, glance: String((looks += 1)) } : seen;
        },
      });
    },
  },
  {
    name: "glance-of-its-own",
    clauseHint: "RT-023",
    breaks: "list and observe make their glances in different ways",
    make: (_world, real) =>
      altered(real, {
        list: async (signal) =>
          new Map(Array.from(await real.list(signal), ([id, glance]) => [id, `${glance} `])),
      }),
  },
  {
    name: "glance-too-long",
    clauseHint: "RT-026",
    breaks: "the glance is longer than 512 characters",
    make: glancing((holding) => JSON.stringify(instancesOf(holding)).padEnd(600, ".")),
  },
  {
    name: "glance-wraps",
    clauseHint: "RT-130",
    breaks: "the glance counts changes and begins anew after four",
    make: glancing(({ glance }) => String(Number.parseInt(glance, 36) % 4)),
  },
  {
    name: "glance-without-state",
    clauseHint: "RT-023",
    breaks: "the glance stays the same when a program ends or is frozen",
    make: (world, real) =>
      glancing(({ current, kept }) =>
        [current, kept].map((it) => `${it?.handle ?? "-"} ${it?.run ?? "-"}`).join(" / "),
      )(world, real),
  },
  {
    name: "glance-without-run",
    clauseHint: "RT-024",
    breaks: "the glance is the same for two runs of an instance",
    make: glanceWithout("run"),
  },
  {
    name: "glance-without-health",
    clauseHint: "RT-019",
    breaks: "the glance stays the same when the health changes",
    make: glanceWithout("health"),
  },
  {
    name: "glance-without-drift",
    clauseHint: "RT-056",
    breaks: "the glance stays the same when the instance drifts",
    make: glanceWithout("drift"),
  },
  {
    name: "glance-without-kept",
    clauseHint: "RT-024",
    breaks: "the glance stays the same when the kept instance comes or goes",
    make: glanceWithout("kept"),
  },
];

function instancesOf({ current, kept }: SimulatedHolding): readonly unknown[] {
  return [current, kept].map((it) => (it === undefined ? {} : { ...it, cancelTimer: undefined }));
}
