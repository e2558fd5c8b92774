import {
  AgentError,
  failureOf,
  type Instance,
  type Observation,
  type WorkloadId,
} from "@persys/core";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";

/** A runtime that reports otherwise what it has seen. */
function reporting(
  report: (seen: Observation, id: WorkloadId) => Observation,
): RuntimeMutant["make"] {
  return (_world, real) =>
    altered(real, { observe: async (id, signal) => report(await real.observe(id, signal), id) });
}

/** A runtime that reports its instances otherwise. Without an instance left it says absent. */
function reportingInstances(
  report: (instances: readonly Instance[]) => readonly Instance[],
): RuntimeMutant["make"] {
  return reporting((seen) => {
    if (seen.kind !== "present") return seen;
    const instances = report(seen.instances);
    return instances.length === 0 ? { kind: "absent" } : { ...seen, instances };
  });
}

/** A runtime that reports every instance otherwise. */
function reportingEach(report: (instance: Instance) => Instance): RuntimeMutant["make"] {
  return reportingInstances((instances) => instances.map(report));
}

const withExit = (instance: Instance, exit: NonNullable<Instance["exit"]>): Instance =>
  instance.exit === undefined ? instance : { ...instance, exit };

/** Wrong ways to tell what exists. */
export const observeMutants: readonly RuntimeMutant[] = [
  {
    name: "observe-absent-when-unreadable",
    clauseHint: "RT-120",
    breaks: "observe says absent when the runtime cannot be read",
    make: reporting((seen) => (seen.kind === "unreadable" ? { kind: "absent" } : seen)),
  },
  {
    name: "observe-throws-when-unreadable",
    clauseHint: "RT-120",
    breaks: "observe throws when the runtime cannot be read",
    make: reporting((seen) => {
      if (seen.kind !== "unreadable") return seen;
      throw new AgentError("RUNTIME_UNAVAILABLE", "it cannot be read", { retryable: true });
    }),
  },
  {
    name: "observe-unreadable-when-absent",
    clauseHint: "RT-021",
    breaks: "observe says unreadable where nothing is there",
    make: reporting((seen) => {
      if (seen.kind !== "absent") return seen;
      const error = new AgentError("NOT_FOUND", "there is none");
      return { kind: "unreadable", failure: failureOf(error, 0) };
    }),
  },
  {
    name: "observe-remembers-when-unreadable",
    clauseHint: "RT-120",
    breaks: "observe gives what it saw the last time when the runtime cannot be read",
    make: (_world, real) => {
      const last = new Map<WorkloadId, Observation>();
      return altered(real, {
        observe: async (id, signal) => {
          const seen = await real.observe(id, signal);
          if (seen.kind === "unreadable") return last.get(id) ?? seen;
          last.set(id, seen);
          return seen;
        },
      });
    },
  },
  {
    name: "observe-is-old",
    clauseHint: "RT-023",
    breaks: "observe gives again what it saw up to a second ago",
    make: (world, real) => {
      const last = new Map<WorkloadId, { readonly seen: Observation; readonly atMs: number }>();
      return altered(real, {
        observe: async (id, signal) => {
          const known = last.get(id);
          const nowMs = world.clock.monotonicMs();
          if (known !== undefined && nowMs - known.atMs < 1000) return known.seen;
          const seen = await real.observe(id, signal);
          last.set(id, { seen, atMs: nowMs });
          return seen;
        },
      });
    },
  },
  {
    name: "observe-misses-the-kept",
    clauseHint: "RT-050",
    breaks: "observe does not tell of the kept instance, and says absent when it is all there is",
    make: reportingInstances((instances) => instances.filter((it) => !it.kept)),
  },
  {
    name: "observe-misses-the-kept-alone",
    clauseHint: "RT-022",
    breaks: "observe says absent when the kept instance is all there is",
    make: reportingInstances((instances) => (instances.some((it) => !it.kept) ? instances : [])),
  },
  {
    name: "observe-misses-the-exited",
    clauseHint: "RT-043",
    breaks: "observe says absent once the program has ended",
    make: reportingInstances((instances) => instances.filter((it) => it.state !== "exited")),
  },
  {
    name: "observe-marks-the-current-as-kept",
    clauseHint: "RT-027",
    breaks: "observe tells the current and the kept instance the wrong way round",
    make: reportingInstances((instances) =>
      instances.length < 2 ? instances : instances.map((it) => ({ ...it, kept: !it.kept })),
    ),
  },
  {
    name: "paused-looks-running",
    clauseHint: "RT-024",
    breaks: "observe tells of a paused instance that it runs",
    make: reportingEach((it) => (it.state === "paused" ? { ...it, state: "running" } : it)),
  },
  {
    name: "stopping-looks-exited",
    clauseHint: "RT-113",
    breaks: "observe tells of an instance that is being stopped that it has exited",
    make: reportingEach((it) =>
      it.state === "stopping" ? { ...it, state: "exited", exit: { kind: "unknown" } } : it,
    ),
  },
  {
    name: "exit-code-lost",
    clauseHint: "RT-043",
    breaks: "the code with which a program ends is lost",
    make: reportingEach((it) => withExit(it, { kind: "unknown" })),
  },
  {
    name: "exit-is-success",
    clauseHint: "RT-043",
    breaks: "every end is told as one with 0",
    make: reportingEach((it) => withExit(it, { kind: "code", code: 0 })),
  },
  {
    name: "kill-is-success",
    clauseHint: "RT-043",
    breaks: "a program that was killed is told to have ended with 0",
    make: reportingEach((it) =>
      it.exit?.kind === "code" && it.exit.code > 128
        ? { ...it, exit: { ...it.exit, code: 0 } }
        : it,
    ),
  },
  {
    name: "unknown-end-is-success",
    clauseHint: "RT-044",
    breaks: "an end that nobody saw is told as one with 0",
    make: reportingEach((it) =>
      it.exit?.kind === "unknown" ? { ...it, exit: { kind: "code", code: 0 } } : it,
    ),
  },
  {
    name: "exit-stays",
    clauseHint: "RT-024",
    breaks: "the end of the run before is told while the next run is under way",
    make: (world, real) => {
      const ends = new Map<string, NonNullable<Instance["exit"]>>();
      return reportingEach((it) => {
        if (it.exit !== undefined) ends.set(it.handle, it.exit);
        const exit = ends.get(it.handle);
        return exit === undefined ? it : { ...it, exit };
      })(world, real);
    },
  },
  {
    name: "exit-forgotten",
    clauseHint: "RT-026",
    breaks: "an ended instance does not tell how it ended",
    make: reportingEach((it) => {
      const { exit: _, ...rest } = it;
      return rest;
    }),
  },
  {
    name: "run-constant",
    clauseHint: "RT-036",
    breaks: "every run of an instance has the same name",
    make: reportingEach((it) => (it.run === undefined ? it : { ...it, run: it.handle })),
  },
  {
    name: "run-of-the-moment",
    clauseHint: "RT-025",
    breaks: "a run has another name with every look",
    make: (world, real) => {
      let looks = 0;
      return reportingEach((it) =>
        it.run === undefined ? it : { ...it, run: `${it.run}.${(looks += 1)}` },
      )(world, real);
    },
  },
  {
    name: "run-missing",
    clauseHint: "RT-026",
    breaks: "an instance that runs does not name its run",
    make: reportingEach((it) => {
      const { run: _, ...rest } = it;
      return rest;
    }),
  },
  {
    name: "start-time-of-the-moment",
    breaks: "the time of a start is that of the look",
    make: (world, real) =>
      reportingEach((it) =>
        it.startedAtMs === undefined ? it : { ...it, startedAtMs: world.clock.wallMs() },
      )(world, real),
  },
  {
    name: "start-time-in-seconds",
    clauseHint: "RT-028",
    breaks: "the time of a start is given in seconds",
    make: reportingEach((it) =>
      it.startedAtMs === undefined ? it : { ...it, startedAtMs: Math.floor(it.startedAtMs / 1000) },
    ),
  },
  {
    name: "drift-never",
    clauseHint: "RT-056",
    breaks: "drift is not told",
    make: reportingEach((it) => ({ ...it, drift: [] })),
  },
  {
    name: "drift-always",
    clauseHint: "RT-033",
    breaks: "an instance that is as it was made is told to have drifted",
    make: reportingEach((it) => ({ ...it, drift: ["labels differ"] })),
  },
  {
    name: "health-never",
    clauseHint: "RT-019",
    breaks: "an instance with a failed check is told to be healthy",
    make: reportingEach((it) => (it.health === "unhealthy" ? { ...it, health: "healthy" } : it)),
  },
  {
    name: "digest-of-its-own",
    clauseHint: "RT-027",
    breaks: "an instance tells a digest that the runtime has reckoned itself",
    make: reportingEach((it) => ({ ...it, specDigest: `v2-${it.specDigest}` })),
  },
  {
    name: "handle-of-the-moment",
    clauseHint: "RT-025",
    breaks: "an instance has another handle with every look",
    make: (world, real) => {
      let looks = 0;
      return reportingEach((it) => ({ ...it, handle: `${it.handle}-${(looks += 1)}` }))(
        world,
        real,
      );
    },
  },
];
