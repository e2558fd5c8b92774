import type Docker from "dockerode";
import { eachOf } from "./bare-containers.ts";
import type { ContainerSides } from "./container-apply.ts";
import { type Figure, figure } from "./figure.ts";

const count = 50;
const extraMsMax = 250;
const bareAtOnce = 16;

/** How long a killed container takes until it runs again: each killed once on its own, and once all of them together. */
export async function healing(
  sides: ContainerSides,
  docker: Docker,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const { node, bare, starts, nextId } = sides;
  say(`${count} containers killed, one at a time and together`);
  const [ours, theirs] = [newIds(nextId), newIds(nextId)];
  await Promise.all(ours.map((id) => node.apply(id)));
  await bare.runAll(theirs, bareAtOnce);
  await node.settled();
  const kill = (id: string): Promise<unknown> =>
    docker.getContainer(id).kill({ signal: "SIGKILL" });

  const [healed, started]: [number[], number[]] = [[], []];
  for (const [at, id] of ours.entries()) {
    const heal = async (): Promise<void> => {
      const running = starts.next(id);
      await kill(id);
      const startMs = performance.now();
      healed.push((await running) - startMs);
    };
    const start = async (): Promise<void> => {
      const name = theirs[at] ?? "";
      await bare.kill(name);
      const running = starts.next(name);
      const startMs = performance.now();
      await bare.start(name);
      started.push((await running) - startMs);
    };
    for (const turn of at % 2 === 0 ? [heal, start] : [start, heal]) await turn();
  }

  await node.settled();
  const healedTogether = await timeTogether(sides, ours, kill);
  await eachOf(theirs, count, (name) => bare.kill(name));
  const running = Promise.all(theirs.map((name) => starts.next(name)));
  const startMs = performance.now();
  await eachOf(theirs, bareAtOnce, (name) => bare.start(name));
  const startedTogether = (await running).map((atMs) => atMs - startMs);

  await node.remove(ours);
  await bare.removeAll();
  return [
    figure({
      name: "container-heal.1",
      unit: "ms",
      samples: healed,
      floor: { name: "start alone", samples: started },
      aim: (value, floor) => ({
        text: `p95 at most ${extraMsMax} ms over that of the floor`,
        met: value.p95 <= (floor?.p95 ?? 0) + extraMsMax,
      }),
    }),
    figure({
      name: `container-heal.${count}`,
      unit: "ms",
      samples: healedTogether,
      floor: { name: `start alone, ${bareAtOnce} at a time`, samples: startedTogether },
    }),
  ];
}

function newIds(nextId: () => string): readonly string[] {
  return Array.from({ length: count }, nextId);
}

/** From the first kill on: those that are dead first are healed while the others are still being killed. */
async function timeTogether(
  { starts }: ContainerSides,
  ids: readonly string[],
  kill: (id: string) => Promise<unknown>,
): Promise<readonly number[]> {
  const running = Promise.all(ids.map((id) => starts.next(id)));
  const startMs = performance.now();
  await eachOf(ids, count, kill);
  return (await running).map((atMs) => atMs - startMs);
}
