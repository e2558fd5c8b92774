import type { ContainerCreateOptions } from "dockerode";
import type { ContainerHost } from "./container-host.ts";
import { ContainerStarts } from "./container-starts.ts";
import { type DockerCall, DockerCalls } from "./docker-calls.ts";
import { eventually } from "./stopwatch.ts";

const createCall = "POST /containers/create";
const startCall = "POST /containers/{id}/start";

/** The calls that an apply makes until its container runs, in order of their beginning; not the first apply of an agent. */
export async function callsOfOneApply(host: ContainerHost): Promise<readonly DockerCall[]> {
  const calls = await DockerCalls.before(host.endpoint);
  const node = host.node("calls", { endpoint: calls.endpoint });
  const starts = await ContainerStarts.of(host.docker);
  await node.start();
  try {
    const [first, second] = [host.nextId(), host.nextId()];
    await Promise.all([starts.next(first), node.apply(first)]);
    await node.settled();
    calls.ended.length = 0;
    const [atMs] = await Promise.all([starts.next(second), node.apply(second)]);
    await eventually("the start has ended", () =>
      calls.ended.some(({ what }) => what === startCall),
    );
    const before = calls.ended.filter(({ beganMs }) => beganMs < atMs);
    await node.remove([first, second]);
    return before.toSorted((a, b) => a.beganMs - b.beganMs);
  } finally {
    await node.stop();
    starts.close();
    calls.close();
  }
}

/** The calls as a table for a person. */
export function callLines(calls: readonly DockerCall[]): readonly string[] {
  const firstMs = calls[0]?.beganMs ?? 0;
  return [
    `the ${calls.length} calls of the engine by one apply:`,
    ...calls.map(({ what, status, beganMs, ms }) =>
      [
        `${(beganMs - firstMs).toFixed(1)} ms`.padStart(12),
        `${ms.toFixed(1)} ms`.padStart(10),
        `  ${status} ${what}`,
      ].join(""),
    ),
  ];
}

/** What a container was asked for when it was made. @throws when none was. */
export function createOptionsOf(calls: readonly DockerCall[]): ContainerCreateOptions {
  const made = calls.find(({ what }) => what === createCall);
  if (made === undefined) throw new Error("the agent has made no container");
  return JSON.parse(made.body) as ContainerCreateOptions;
}
