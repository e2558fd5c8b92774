import {
  type Arbitrary,
  type ArrayConstraints,
  type WeightedArbitrary,
  array,
  boolean,
  constant,
  constantFrom,
  integer,
  noBias,
  oneof,
  record,
  sample,
  subarray,
} from "fast-check";
import { assert } from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import { boundaryOps, faultableOps } from "./boundaries.ts";
import type { Command, EventTrouble, FaultCode, Life, StoreTrouble } from "./life.ts";
import type { RuntimeModel } from "./runtime-model.ts";

const workloads = ["a", "b", "c", "d", "e", "f", "g"];
/** Every life has so many workloads at least, and as many more as chance will have it. */
const workloadsMin = 5;

const codes: readonly FaultCode[] = [
  "RUNTIME_ERROR",
  "RUNTIME_UNAVAILABLE",
  "NETWORK_ERROR",
  "NOT_PREPARED",
  "PERMISSION_DENIED",
];
const eventTroubles: readonly EventTrouble[] = [
  "lost",
  "repeated",
  "late",
  "in another order",
  "silent",
  "broken",
];
const storeTroubles: readonly StoreTrouble[] = [
  "refused",
  "full",
  "doubtful",
  "stored",
  "unopened",
  "slow",
];

/** What a life may consist of: the names that a model has for it. */
export type LifeNames = Pick<RuntimeModel, "specs" | "disturbances">;

/** The life that follows from a seed, so many commands long besides the applies that it begins with. */
export function lifeOf(seed: number, names: LifeNames, length: number): Life {
  const life = drawn(seed, names, length);
  return { ...life, commands: [...firstApplies(seed, names), ...life.commands] };
}

/** So many more commands for the life of a seed, others for each part from 1 on. */
export function moreOf(
  seed: number,
  names: LifeNames,
  { part, length }: { readonly part: number; readonly length: number },
): readonly Command[] {
  return drawn(seed + part * partsApart, names, length).commands;
}

/** Lives like this one, as simple as can be: in this space a life that ends badly is shrunk. */
export function livesLike(life: Life, names: LifeNames): Arbitrary<Life> {
  return lives(life.seed, names, { maxLength: life.commands.length });
}

/** Far enough from each other that the parts of neighbouring seeds do not meet. */
const partsApart = 1 << 28;

function drawn(seed: number, names: LifeNames, length: number): Life {
  const arbitrary = lives(seed, names, { minLength: length, maxLength: length });
  const [life] = sample(noBias(arbitrary), { seed: seed | 0, numRuns: 1 });
  assert(life !== undefined, `no life follows from seed ${seed}`);
  return life;
}

/** Every workload of a life comes to be at its beginning. */
function firstApplies(seed: number, { specs }: LifeNames): readonly Command[] {
  const random = new SeededRandom(seed);
  return idsOf(seed).map((id) => ({
    do: "apply",
    id,
    spec: random.chance(0.5) ? specs[0].name : random.pick(specs).name,
    number: random.integer(10),
    desired: random.chance(0.9) ? "running" : "stopped",
    waitMs: random.integer(300) - 20,
  }));
}

function idsOf(seed: number): readonly string[] {
  return workloads.slice(0, workloadsMin + (seed % (workloads.length - workloadsMin + 1)));
}

function lives(seed: number, names: LifeNames, length: ArrayConstraints): Arbitrary<Life> {
  const one = command(names, idsOf(seed));
  return record({
    seed: constant(seed),
    commands: array(one, { ...length, size: "max" }),
    delayed: subarray([...boundaryOps]),
    shuffled: boolean(),
    narrow: boolean(),
    // Most have events; `true` is the simpler case.
    events: constantFrom(true, true, true, true, false),
    resync: constantFrom(true, true, false),
  });
}

function command(names: LifeNames, ids: readonly string[]): Arbitrary<Command> {
  const waitMs = oneof(
    { weight: 10, arbitrary: constant(0) },
    { weight: 22, arbitrary: integer({ min: 0, max: 4_000 }) },
    { weight: 8, arbitrary: integer({ min: -40, max: -1 }) },
  );
  const id = constantFrom(...ids);
  return oneof(
    ...requests(names, id, waitMs),
    ...happenings(names, id, waitMs),
    ...faults(waitMs),
    ...ends(waitMs),
  );
}

type Weighted = WeightedArbitrary<Command>;

const desired: Arbitrary<"running" | "stopped"> = constantFrom(
  "running" as const,
  "running" as const,
  "running" as const,
  "running" as const,
  "stopped" as const,
);

function requests(
  { specs }: LifeNames,
  id: Arbitrary<string>,
  waitMs: Arbitrary<number>,
): readonly Weighted[] {
  const [simplest] = specs;
  const spec = oneof(constant(simplest.name), constantFrom(...specs.map(({ name }) => name)));
  const number = integer({ min: 0, max: 9 });
  const apply = constant("apply" as const);
  return [
    { weight: 40, arbitrary: record({ do: apply, id, spec, number, desired, waitMs }) },
    {
      weight: 4,
      arbitrary: record({
        do: constant("apply again" as const),
        id,
        times: integer({ min: 1, max: 3 }),
        waitMs,
      }),
    },
    {
      weight: 2,
      arbitrary: record({ do: constant("apply otherwise" as const), id, waitMs }),
    },
    {
      weight: 14,
      arbitrary: record({ do: constant("want" as const), id, desired, waitMs }),
    },
    { weight: 12, arbitrary: record({ do: constant("remove" as const), id, waitMs }) },
    { weight: 6, arbitrary: record({ do: constant("retry" as const), id, waitMs }) },
  ];
}

function happenings(
  { disturbances }: LifeNames,
  id: Arbitrary<string>,
  waitMs: Arbitrary<number>,
): readonly Weighted[] {
  const what = constantFrom(...disturbances.map(({ name }) => name));
  const downMs = integer({ min: 0, max: 10_000 });
  return [
    { weight: 40, arbitrary: record({ do: constant("disturb" as const), id, what, waitMs }) },
    {
      weight: 2,
      arbitrary: record({ do: constant("host reboots" as const), downMs, waitMs }),
    },
    {
      weight: 3,
      arbitrary: record({ do: constant("runtime restarts" as const), downMs, waitMs }),
    },
    {
      weight: 3,
      arbitrary: record({
        do: constant("runtime vanishes" as const),
        forMs: integer({ min: 0, max: 20_000 }),
        waitMs,
      }),
    },
    {
      weight: 2,
      arbitrary: record({
        do: constant("wall clock jumps" as const),
        byMs: integer({ min: -20_000, max: 20_000 }),
        waitMs,
      }),
    },
  ];
}

const at = constantFrom("before" as const, "after" as const);

function faults(waitMs: Arbitrary<number>): readonly Weighted[] {
  const op = constantFrom(...faultableOps);
  const times = integer({ min: 1, max: 4 });
  const forMs = integer({ min: 0, max: 30_000 });
  const code = constantFrom(...codes);
  return [
    {
      weight: 20,
      arbitrary: record({
        do: constant("calls fail" as const),
        op,
        at,
        code,
        times,
        waitMs,
      }),
    },
    {
      weight: 8,
      arbitrary: record({
        do: constant("call hangs" as const),
        op,
        at,
        forMs,
        ignoresAbort: constantFrom(false, false, false, true),
        waitMs,
      }),
    },
    {
      weight: 8,
      arbitrary: record({
        do: constant("events go wrong" as const),
        how: constantFrom(...eventTroubles),
        forMs,
        waitMs,
      }),
    },
    {
      weight: 12,
      arbitrary: record({
        do: constant("store fails" as const),
        how: constantFrom(...storeTroubles),
        times,
        waitMs,
      }),
    },
    {
      weight: 4,
      arbitrary: record({ do: constant("store hangs" as const), at, forMs, waitMs }),
    },
  ];
}

function ends(waitMs: Arbitrary<number>): readonly Weighted[] {
  const kill = {
    do: constant("kill" as const),
    at,
    downMs: oneof(constant(0), integer({ min: 0, max: 30_000 })),
    tears: constantFrom(false, false, false, true),
    waitMs,
  };
  return [
    {
      weight: 8,
      arbitrary: record({
        ...kill,
        op: constant(""),
        nth: integer({ min: 1, max: 12 }),
      }),
    },
    {
      weight: 8,
      arbitrary: record({
        ...kill,
        op: constantFrom(...boundaryOps),
        nth: integer({ min: 1, max: 2 }),
      }),
    },
    { weight: 4, arbitrary: record({ do: constant("restart" as const), waitMs }) },
  ];
}
