import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Bench } from "./bench.ts";
import { type Figure, figure } from "./figure.ts";
import type { FillReport, FloorReport, ScaleReport } from "./scale-report.ts";
import { type Spread, spreadOf } from "./statistics.ts";

const sizes = [1_000, 10_000] as const;
const rounds = 3;
const readyMsMax = 2_000;
const stallMsMax = 20;
const baseMib = 150;
const eachKibMax = 20;
/** A workload may cost so much more among ten times as many before we no longer call it linear. */
const linearSlack = 1.5;

/** What one round says of one size. */
type Round = ScaleReport & { readonly floor: FloorReport };

/** How an agent with many workloads starts, looks after them and gets over the end of all of them. */
export const scale: Bench = {
  name: "scale",
  about: "boot, resync, mass failure and memory with 1,000 and 10,000 workloads",
  run: async (folder, say) => {
    const reports = new Map<number, Round[]>(sizes.map((size) => [size, []]));
    const figures: Figure[] = [];
    for (const size of sizes) {
      const { perSecond } = await child<FillReport>("fill", size, join(folder, `filled-${size}`));
      say(`${size} workloads applied and running, ${Math.round(perSecond)} per second`);
      figures.push(figure({ name: `converge.${size}`, unit: "per second", samples: [perSecond] }));
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const size of round % 2 === 0 ? sizes : sizes.toReversed()) {
        const copy = join(folder, `round-${round}-${size}`);
        cpSync(join(folder, `filled-${size}`), copy, { recursive: true });
        const report = await child<ScaleReport>("measure", size, copy);
        const floor = await child<FloorReport>("floors", size, copy);
        reports.get(size)?.push({ ...report, floor });
        rmSync(copy, { recursive: true });
        say(`${size} workloads, round ${round + 1}: ready in ${Math.round(report.boot.ms)} ms`);
      }
    }
    for (const size of sizes) figures.push(...figuresOf(size, reports.get(size) ?? []));
    const [small, large] = sizes.map((size) => reports.get(size) ?? []);
    return [...figures, ...linearity(small ?? [], large ?? [])];
  },
};

function figuresOf(size: number, reports: readonly Round[]): readonly Figure[] {
  const ms = (pick: (report: Round) => number): readonly number[] => reports.map(pick);
  const stall = (value: Spread): { text: string; met: boolean } => ({
    text: `at most ${stallMsMax} ms`,
    met: value.p50 <= stallMsMax,
  });
  return [
    figure({
      name: `boot.${size}`,
      unit: "ms",
      samples: ms((it) => it.boot.ms),
      floor: { name: "store opened, runtime listed", samples: ms((it) => it.floor.bootMs) },
      aim: (value) => ({ text: `at most ${readyMsMax} ms`, met: value.p50 <= readyMsMax }),
    }),
    figure({
      name: `boot.${size}.stall-p99`,
      unit: "ms",
      samples: ms((it) => it.boot.stallP99Ms),
      aim: stall,
    }),
    figure({ name: `boot.${size}.stall-max`, unit: "ms", samples: ms((it) => it.boot.stallMaxMs) }),
    figure({
      name: `boot.${size}.changes`,
      unit: "times",
      samples: ms((it) => it.idleChanges),
      aim: (value) => ({ text: "none: a restart is invisible", met: value.p95 === 0 }),
    }),
    figure({
      name: `resync.${size}.cpu`,
      unit: "ms",
      samples: ms((it) => it.resyncCpuMs),
      floor: { name: "the list alone", samples: ms((it) => it.listCpuMs) },
    }),
    figure({
      name: `resync.${size}.stall-p99`,
      unit: "ms",
      samples: ms((it) => it.resync.stallP99Ms),
      aim: stall,
    }),
    figure({
      name: `mass-failure.${size}`,
      unit: "ms",
      samples: ms((it) => it.failure.ms),
      floor: { name: "every record stored once", samples: ms((it) => it.floor.failureMs) },
    }),
    figure({
      name: `mass-failure.${size}.stall-p99`,
      unit: "ms",
      samples: ms((it) => it.failure.stallP99Ms),
      aim: stall,
    }),
    figure({
      name: `mass-failure.${size}.stall-max`,
      unit: "ms",
      samples: ms((it) => it.failure.stallMaxMs),
    }),
    figure({
      name: `memory.${size}.rss`,
      unit: "MiB",
      samples: ms((it) => it.rssMib),
      aim: (value) => ({
        text: `at most ${baseMib} MiB + ${eachKibMax} KiB each`,
        met: value.p50 <= baseMib + (eachKibMax * size) / 1024,
      }),
    }),
    figure({
      name: `memory.${size}.heap-each`,
      unit: "KiB",
      samples: ms((it) => it.heapKibEach),
      aim: (value) => ({ text: `at most ${eachKibMax} KiB`, met: value.p50 <= eachKibMax }),
    }),
  ];
}

/** What one workload costs among many, over what it costs among few. */
function linearity(small: readonly Round[], large: readonly Round[]): readonly Figure[] {
  const growth = sizes[1] / sizes[0];
  const phases = {
    boot: (it: Round) => it.boot.ms,
    resync: (it: Round) => it.resyncCpuMs,
    "mass-failure": (it: Round) => it.failure.ms,
  };
  return Object.entries(phases).map(([name, pick]) => {
    const few = spreadOf(small.map(pick)).p50;
    return figure({
      name: `${name}.growth`,
      unit: "times",
      samples: large.map((it) => pick(it) / few / growth),
      aim: (value) => ({ text: `linear: at most ${linearSlack}`, met: value.p50 <= linearSlack }),
    });
  });
}

async function child<Report>(task: string, size: number, folder: string): Promise<Report> {
  const script = join(import.meta.dirname, "scale-child.ts");
  const options = ["--conditions=@persys/source", "--expose-gc"];
  const running = spawn(process.execPath, [...options, script, task, String(size), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(running.stdout), once(running, "close")]);
  if (code !== 0) throw new Error(`the process for ${task} ${size} ended with ${String(code)}`);
  return JSON.parse(output) as Report;
}
