import { boundaryOps, stepKinds } from "./boundaries.ts";

/** How often what was met in simulated lives. */
type HitCounts = Readonly<Record<string, number>>;

/** What is counted: steps of the engine, faults and other happenings, requests, and deaths of the agent by the boundary they fell on. */
export const hitKinds = ["steps", "faults", "requests", "deaths"] as const;

/** One of {@link hitKinds}. */
export type HitKind = (typeof hitKinds)[number];

/** Everything that was counted, by kind. */
export type AllHits = Readonly<Record<HitKind, HitCounts>>;

/** Counts what is met. */
export class Hits {
  readonly #counts: Readonly<Record<HitKind, Map<string, number>>>;

  constructor() {
    this.#counts = {
      steps: new Map(),
      faults: new Map(),
      requests: new Map(),
      deaths: new Map(),
    };
  }

  /** Counts one more, or `by` more. */
  add(kind: HitKind, name: string, by = 1): void {
    const counts = this.#counts[kind];
    counts.set(name, (counts.get(name) ?? 0) + by);
  }

  /** Adds everything that was counted elsewhere. */
  addAll(hits: AllHits): void {
    for (const kind of hitKinds) {
      for (const [name, count] of Object.entries(hits[kind])) this.add(kind, name, count);
    }
  }

  /** Everything that was counted, in order of name. */
  all(): AllHits {
    const sorted = (kind: HitKind): HitCounts =>
      Object.fromEntries([...this.#counts[kind]].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return {
      steps: sorted("steps"),
      faults: sorted("faults"),
      requests: sorted("requests"),
      deaths: sorted("deaths"),
    };
  }
}

/** Faults that a simulation brings about for every model of a runtime. */
const simulatedFaults = [
  "call fails before",
  "call fails after",
  "call hangs before",
  "call hangs after",
  "call ignores its abort",
  "call takes long",
  "runtime restarts",
  "runtime vanishes",
  "events lost",
  "events repeated",
  "events late",
  "events in another order",
  "events silent",
  "events broken",
  "store refused",
  "store full",
  "store doubtful",
  "store stored",
  "store unopened",
  "store slow",
  "store hangs before",
  "store hangs after",
  "record torn",
  "wall clock jumps",
  "host reboots",
  "agent restarted",
] as const;

/** What a run long enough must have met at least once, with the disturbances of its model. */
export function wantedHits({
  disturbances,
}: {
  readonly disturbances: readonly { readonly name: string }[];
}): Readonly<Record<HitKind, readonly string[]>> {
  return {
    steps: stepKinds,
    faults: [...simulatedFaults, ...disturbances.map(({ name }) => `workload ${name}`)],
    requests: ["apply", "apply again", "apply otherwise", "want", "remove", "retry"],
    deaths: boundaryOps.flatMap((op) => [`${op} before`, `${op} after`]),
  };
}
