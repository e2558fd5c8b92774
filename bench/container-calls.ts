import type { ContainerCreateOptions } from "dockerode";
import type { ContainerHost } from "./container-host.ts";
import { ContainerStarts } from "./container-starts.ts";
import { type DockerCall, DockerCalls } from "./docker-calls.ts";
import { type Figure, figure } from "./figure.ts";
import { eventually } from "./stopwatch.ts";

const createCall = "POST /containers/create";
const startCall = "POST /containers/{id}/start";

const applies = 12;
const ownShareMax = 0.1;

/** One apply as the engine of Docker saw it. */
interface SeenApply {
  /** The calls until its container ran, in order of their beginning. */
  readonly calls: readonly DockerCall[];
  /** From the apply until the container was told to start, less the time that making it took. */
  readonly ownMs: number;
  /** Making and starting it. */
  readonly bareMs: number;
}

/** What an apply asks of the engine, and how long it takes besides. */
export async function callsOfApplies(
  host: ContainerHost,
  say: (line: string) => void,
): Promise<{ readonly figures: readonly Figure[]; readonly options: ContainerCreateOptions }> {
  const [, ...seen] = await seenApplies(host);
  const calls = seen.at(-1)?.calls ?? [];
  for (const line of callLines(calls)) say(line);
  const figures = [
    figure({
      name: "container-apply.1.calls",
      unit: "times",
      samples: seen.map((it) => it.calls.length),
    }),
    figure({
      name: "container-apply.1.own",
      unit: "ms",
      samples: seen.map((it) => it.ownMs),
      floor: { name: "create + start of the same", samples: seen.map((it) => it.bareMs) },
      aim: (value, floor) => ({
        text: `at most ${ownShareMax} of the floor`,
        met: value.p50 <= ownShareMax * (floor?.p50 ?? 0),
      }),
    }),
  ];
  return { figures, options: optionsOf(calls) };
}

/** The first of them also asks what an agent asks once. */
async function seenApplies(host: ContainerHost): Promise<readonly SeenApply[]> {
  const proxy = await DockerCalls.before(host.endpoint);
  const node = host.node("calls", { endpoint: proxy.endpoint });
  const starts = await ContainerStarts.of(host.docker);
  await node.start();
  const seen: SeenApply[] = [];
  try {
    for (let done = 0; done <= applies; done += 1) {
      const id = host.nextId();
      proxy.ended.length = 0;
      const beganMs = performance.now();
      const [atMs] = await Promise.all([starts.next(id), node.apply(id)]);
      await eventually("the start is answered", () => endedOf(proxy, startCall) !== undefined);
      const [create, start] = [endedOf(proxy, createCall), endedOf(proxy, startCall)];
      if (create === undefined || start === undefined) throw new Error("no container was made");
      seen.push({
        calls: proxy.ended
          .filter((it) => it.beganMs < atMs)
          .toSorted((a, b) => a.beganMs - b.beganMs),
        ownMs: start.beganMs - beganMs - create.ms,
        bareMs: create.ms + start.ms,
      });
      await node.remove([id]);
    }
    return seen;
  } finally {
    await node.stop();
    starts.close();
    proxy.close();
  }
}

function endedOf({ ended }: DockerCalls, call: string): DockerCall | undefined {
  return ended.find(({ what }) => what === call);
}

/** The calls as a table for a person. */
function callLines(calls: readonly DockerCall[]): readonly string[] {
  const firstMs = calls[0]?.beganMs ?? 0;
  return [
    `the ${calls.length} calls of the engine by one apply: when, and how long each took`,
    ...calls.map(({ what, status, beganMs, ms }) =>
      [
        `${(beganMs - firstMs).toFixed(1)} ms`.padStart(12),
        `${ms.toFixed(1)} ms`.padStart(10),
        `  ${status} ${what}`,
      ].join(""),
    ),
  ];
}

/** What a container was asked for when it was made. */
function optionsOf(calls: readonly DockerCall[]): ContainerCreateOptions {
  const made = calls.find(({ what }) => what === createCall);
  if (made === undefined) throw new Error("no container was made");
  return JSON.parse(made.body) as ContainerCreateOptions;
}
