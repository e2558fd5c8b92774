import type { ContainerNode } from "./container-node.ts";
import type { ContainerStarts } from "./container-starts.ts";
import type { BareContainers } from "./bare-containers.ts";
import { type Figure, figure } from "./figure.ts";
import { interleave } from "./interleave.ts";

/** What both sides of a comparison work with. */
export interface ContainerSides {
  readonly node: ContainerNode;
  readonly bare: BareContainers;
  readonly starts: ContainerStarts;
  readonly nextId: () => string;
}

const oneRounds = 12;
const onesPerRound = 4;
const oneRatioMax = 1.1;
const manyRounds = 5;
const many = 50;
const manyRatioMax = 1.15;
/** How many dockerode starts at a time: as many as the agent does by default, and what was found to be best for engines. */
const atOnce = { agent: 16, best: 8 } as const;

/** How long an apply of a container takes until it runs, one at a time. */
export async function applyOnes(
  sides: ContainerSides,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const { node, bare, starts, nextId } = sides;
  say(`one container at a time, ${oneRounds} rounds of ${onesPerRound}`);
  const taken = await interleave(oneRounds, {
    bare: () =>
      timeOnes(starts, nextId, {
        run: (id) => bare.run(id),
        end: () => bare.removeAll(),
      }),
    apply: () =>
      timeOnes(starts, nextId, {
        run: (id) => node.apply(id),
        end: (id) => node.remove([id]),
      }),
  });
  return [
    figure({
      name: "container-apply.1",
      unit: "ms",
      samples: taken.apply,
      floor: { name: "create + start", samples: taken.bare },
      aim: ratioAim(oneRatioMax),
    }),
  ];
}

/** How long as many applies at once take until the last container runs. */
export async function applyMany(
  sides: ContainerSides,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const { node, bare, starts, nextId } = sides;
  say(`${many} containers at once, ${manyRounds} rounds`);
  const bareAt = (width: number) => async (): Promise<readonly number[]> => {
    const ids = Array.from({ length: many }, nextId);
    const ms = await timeAll(starts, ids, () => bare.runAll(ids, width));
    await bare.removeAll();
    return [ms];
  };
  const taken = await interleave(manyRounds, {
    bare: bareAt(atOnce.agent),
    best: bareAt(atOnce.best),
    apply: async () => {
      const ids = Array.from({ length: many }, nextId);
      const ms = await timeAll(starts, ids, () => Promise.all(ids.map((id) => node.apply(id))));
      await node.remove(ids);
      return [ms];
    },
  });
  return [
    figure({
      name: `container-apply.${many}`,
      unit: "ms",
      samples: taken.apply,
      floor: { name: `create + start, ${atOnce.agent} at a time`, samples: taken.bare },
      aim: ratioAim(manyRatioMax),
    }),
    figure({
      name: `container-apply.${many}-over-best`,
      unit: "ms",
      samples: taken.apply,
      floor: { name: `create + start, ${atOnce.best} at a time`, samples: taken.best },
    }),
  ];
}

function ratioAim(max: number): NonNullable<Parameters<typeof figure>[0]["aim"]> {
  return (value, floor) => ({
    text: `at most ${max} of the floor`,
    met: value.p50 <= max * (floor?.p50 ?? 0),
  });
}

async function timeOnes(
  starts: ContainerStarts,
  nextId: () => string,
  side: {
    readonly run: (id: string) => Promise<unknown>;
    readonly end: (id: string) => Promise<unknown>;
  },
): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let done = 0; done < onesPerRound; done += 1) {
    const id = nextId();
    samples.push(await timeAll(starts, [id], () => side.run(id)));
    await side.end(id);
  }
  return samples;
}

/** How long it takes from the call until the engine says of all of them that they have started, in milliseconds. */
async function timeAll(
  starts: ContainerStarts,
  ids: readonly string[],
  run: () => Promise<unknown>,
): Promise<number> {
  const started = Promise.all(ids.map((id) => starts.next(id)));
  const startMs = performance.now();
  const [atMs] = await Promise.all([started, run()]);
  return Math.max(...atMs) - startMs;
}
