import * as fc from "fast-check";
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
export function livesLike(life: Life, names: LifeNames): fc.Arbitrary<Life> {
  return lives(life.seed, names, { maxLength: life.commands.length });
}

/** Far enough from each other that the parts of neighbouring seeds do not meet. */
const partsApart = 1 << 28;

function drawn(seed: number, names: LifeNames, length: number): Life {
  const arbitrary = lives(seed, names, { minLength: length, maxLength: length });
  const [life] = fc.sample(fc.noBias(arbitrary), { seed: seed | 0, numRuns: 1 });
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

function lives(seed: number, names: LifeNames, length: fc.ArrayConstraints): fc.Arbitrary<Life> {
  const one = command(names, idsOf(seed));
  return fc.record({
    seed: fc.constant(seed),
    commands: fc.array(one, { ...length, size: "max" }),
    delayed: fc.subarray([...boundaryOps]),
    shuffled: fc.boolean(),
    narrow: fc.boolean(),
    // Most have events; `true` is the simpler case.
    events: fc.constantFrom(true, true, true, true, false),
  });
}

function command(names: LifeNames, ids: readonly string[]): fc.Arbitrary<Command> {
  const waitMs = fc.oneof(
    { weight: 10, arbitrary: fc.constant(0) },
    { weight: 22, arbitrary: fc.integer({ min: 0, max: 4_000 }) },
    { weight: 8, arbitrary: fc.integer({ min: -40, max: -1 }) },
  );
  const id = fc.constantFrom(...ids);
  return fc.oneof(
    ...requests(names, id, waitMs),
    ...happenings(names, id, waitMs),
    ...faults(waitMs),
    ...ends(waitMs),
  );
}

type Weighted = fc.WeightedArbitrary<Command>;

const desired = fc.constantFrom(
  "running",
  "running",
  "running",
  "running",
  "stopped",
) as fc.Arbitrary<"running" | "stopped">;

function requests(
  { specs }: LifeNames,
  id: fc.Arbitrary<string>,
  waitMs: fc.Arbitrary<number>,
): readonly Weighted[] {
  const [simplest] = specs;
  const spec = fc.oneof(
    fc.constant(simplest.name),
    fc.constantFrom(...specs.map(({ name }) => name)),
  );
  const number = fc.integer({ min: 0, max: 9 });
  const apply = fc.constant("apply" as const);
  return [
    { weight: 40, arbitrary: fc.record({ do: apply, id, spec, number, desired, waitMs }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("apply again" as const),
        id,
        times: fc.integer({ min: 1, max: 3 }),
        waitMs,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("apply otherwise" as const), id, waitMs }),
    },
    {
      weight: 14,
      arbitrary: fc.record({ do: fc.constant("want" as const), id, desired, waitMs }),
    },
    { weight: 12, arbitrary: fc.record({ do: fc.constant("remove" as const), id, waitMs }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("retry" as const), id, waitMs }) },
  ];
}

function happenings(
  { disturbances }: LifeNames,
  id: fc.Arbitrary<string>,
  waitMs: fc.Arbitrary<number>,
): readonly Weighted[] {
  const what = fc.constantFrom(...disturbances.map(({ name }) => name));
  const downMs = fc.integer({ min: 0, max: 10_000 });
  return [
    { weight: 40, arbitrary: fc.record({ do: fc.constant("disturb" as const), id, what, waitMs }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("host reboots" as const), downMs, waitMs }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("runtime restarts" as const), downMs, waitMs }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("runtime vanishes" as const),
        forMs: fc.integer({ min: 0, max: 20_000 }),
        waitMs,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("wall clock jumps" as const),
        byMs: fc.integer({ min: -20_000, max: 20_000 }),
        waitMs,
      }),
    },
  ];
}

const at = fc.constantFrom("before" as const, "after" as const);

function faults(waitMs: fc.Arbitrary<number>): readonly Weighted[] {
  const op = fc.constantFrom(...faultableOps);
  const times = fc.integer({ min: 1, max: 4 });
  const forMs = fc.integer({ min: 0, max: 30_000 });
  const code = fc.constantFrom(...codes);
  return [
    {
      weight: 20,
      arbitrary: fc.record({
        do: fc.constant("calls fail" as const),
        op,
        at,
        code,
        times,
        waitMs,
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("call hangs" as const),
        op,
        at,
        forMs,
        ignoresAbort: fc.constantFrom(false, false, false, true),
        waitMs,
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("events go wrong" as const),
        how: fc.constantFrom(...eventTroubles),
        forMs,
        waitMs,
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant("store fails" as const),
        how: fc.constantFrom(...storeTroubles),
        times,
        waitMs,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("store hangs" as const), at, forMs, waitMs }),
    },
  ];
}

function ends(waitMs: fc.Arbitrary<number>): readonly Weighted[] {
  const kill = {
    do: fc.constant("kill" as const),
    at,
    downMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })),
    tears: fc.constantFrom(false, false, false, true),
    waitMs,
  };
  return [
    {
      weight: 8,
      arbitrary: fc.record({
        ...kill,
        op: fc.constant(""),
        nth: fc.integer({ min: 1, max: 12 }),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        ...kill,
        op: fc.constantFrom(...boundaryOps),
        nth: fc.integer({ min: 1, max: 2 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("restart" as const), waitMs }) },
  ];
}
