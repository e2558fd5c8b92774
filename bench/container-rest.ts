import { noTelemetry } from "@persys/core";
import type { ContainerHost } from "./container-host.ts";
import { type Figure, figure } from "./figure.ts";
import type { Phase } from "./scale-report.ts";
import { cpuOf, sleep, timed, watched } from "./stopwatch.ts";

/** Of the nodes' state: they are one after the other. */
const folder = "rest";
const count = 200;
const idleMs = 60_000;
const idleCorePercentMax = 1;
const looks = 24;
const lookEveryMs = 1_000;
const stallLooks = 8;
const resyncRatioMax = 2;
const stallMsMax = 20;

/** What an agent costs that has nothing to do, with as many containers that run. */
export async function atRest(
  host: ContainerHost,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const still = await watched(() => sleep(stallLooks * lookEveryMs));
  const node = host.node(folder);
  await node.start();
  const ids = Array.from({ length: count }, host.nextId);
  await Promise.all(ids.map((id) => node.apply(id)));
  await node.settled();
  say(`${count} containers run; nothing happens for ${idleMs / 1000} s`);
  const idleCpuMs = await cpuOf(() => sleep(idleMs));
  await node.stop();
  say(`${looks} looks at all of them`);
  const { resyncMs, listMs, cpuMs, listCpuMs, stall } = await looked(host);
  return [
    figure({
      name: `container-idle.${count}.cpu`,
      unit: "% of a core",
      samples: [(100 * idleCpuMs) / idleMs],
      aim: (value) => ({
        text: `at most ${idleCorePercentMax}`,
        met: value.p50 <= idleCorePercentMax,
      }),
    }),
    figure({
      name: `container-resync.${count}`,
      unit: "ms",
      samples: resyncMs,
      floor: { name: "one list call", samples: listMs },
      aim: (value, floor) => ({
        text: `at most ${resyncRatioMax} of the floor`,
        met: value.p50 <= resyncRatioMax * (floor?.p50 ?? 0),
      }),
    }),
    figure({
      name: `container-resync.${count}.stall-p99`,
      unit: "ms",
      samples: [stall.stallP99Ms],
      floor: { name: "an idle process", samples: [still.stallP99Ms] },
      aim: (value) => ({ text: `at most ${stallMsMax} ms`, met: value.p50 <= stallMsMax }),
    }),
    figure({
      name: `container-resync.${count}.busy-max`,
      unit: "ms",
      samples: [stall.busyMaxMs],
      floor: { name: "an idle process", samples: [still.busyMaxMs] },
    }),
    figure({
      name: `container-resync.${count}.cpu`,
      unit: "ms",
      samples: [cpuMs],
      floor: { name: "one list call", samples: listCpuMs },
    }),
  ];
}

interface Looks {
  readonly resyncMs: readonly number[];
  readonly listMs: readonly number[];
  /** Processor time of one look, and of one list call. */
  readonly cpuMs: number;
  readonly listCpuMs: readonly number[];
  readonly stall: Phase;
}

/** Lets an engine look at everything often, with one list call by dockerode after each of its looks. */
async function looked(host: ContainerHost): Promise<Looks> {
  let resyncMs: number[] = [];
  let onLook = (): void => {};
  const measure = (name: string, seconds: number): void => {
    if (name !== "resync_duration_seconds") return;
    resyncMs.push(seconds * 1_000);
    onLook();
  };
  const nextLook = (): Promise<void> => new Promise((resolve) => (onLook = resolve));
  const node = host.node(folder, {
    policy: { resyncIntervalMs: lookEveryMs },
    telemetry: { ...noTelemetry, measure },
  });
  await node.start();
  await nextLook();

  resyncMs = [];
  const [listMs, listCpuMs]: [number[], number[]] = [[], []];
  const list = async (): Promise<void> => {
    listMs.push(await timed(() => host.docker.listContainers({ all: true })));
  };
  for (let done = 0; done < looks; done += 1) {
    await nextLook();
    listCpuMs.push(await cpuOf(list));
  }
  const compared = resyncMs.slice(0, looks);
  const stall = await watched(async () => {
    for (let done = 0; done < stallLooks; done += 1) await nextLook();
  });
  const cpuMs = await cpuOf(async () => {
    for (let done = 0; done < stallLooks; done += 1) await nextLook();
  });
  await node.stop();
  return { resyncMs: compared, listMs, cpuMs: cpuMs / stallLooks, listCpuMs, stall };
}
