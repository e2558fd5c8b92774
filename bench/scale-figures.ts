import { type Figure, figure } from "./figure.ts";
import type { FloorReport, Phase, ScaleReport } from "./scale-report.ts";
import { spreadOf } from "./statistics.ts";

/** What one round says of one size. */
export type Round = ScaleReport & { readonly floor: FloorReport };

const readyMsMax = 2_000;
const stallMsMax = 20;
const baseMib = 150;
const eachKibMax = 20;
/** A workload may cost so much more among ten times as many before we no longer call it linear. */
const linearSlack = 1.5;

/** The figures of one size. */
export function figuresOf(size: number, all: readonly Round[]): readonly Figure[] {
  const of = (pick: (round: Round) => number): readonly number[] => all.map(pick);
  return [
    figure({
      name: `boot.${size}`,
      unit: "ms",
      samples: of((it) => it.boot.ms),
      floor: { name: "store opened, runtime listed", samples: of((it) => it.floor.bootMs) },
      aim: (value) => ({ text: `at most ${readyMsMax} ms`, met: value.p50 <= readyMsMax }),
    }),
    figure({
      name: `boot.${size}.changes`,
      unit: "times",
      samples: of((it) => it.idleChanges),
      aim: (value) => ({ text: "none: a restart is invisible", met: value.p95 === 0 }),
    }),
    ...stallFigures(`boot.${size}`, all, (it) => it.boot),
    figure({
      name: `resync.${size}.cpu`,
      unit: "ms",
      samples: of((it) => it.resyncCpuMs),
      floor: { name: "the list alone", samples: of((it) => it.listCpuMs) },
    }),
    ...stallFigures(`resync.${size}`, all, (it) => it.resync),
    figure({
      name: `mass-failure.${size}`,
      unit: "ms",
      samples: of((it) => it.failure.ms),
      floor: { name: "every record stored once", samples: of((it) => it.floor.failureMs) },
    }),
    figure({
      name: `mass-failure.${size}.cpu`,
      unit: "ms",
      samples: of((it) => it.failure.cpuMs),
    }),
    ...stallFigures(`mass-failure.${size}`, all, (it) => it.failure),
    figure({
      name: `memory.${size}.rss`,
      unit: "MiB",
      samples: of((it) => it.rssMib),
      aim: (value) => ({
        text: `at most ${baseMib} MiB + ${eachKibMax} KiB each`,
        met: value.p50 <= baseMib + (eachKibMax * size) / 1024,
      }),
    }),
    figure({
      name: `memory.${size}.heap-each`,
      unit: "KiB",
      samples: of((it) => it.heapKibEach),
      aim: (value) => ({ text: `at most ${eachKibMax} KiB`, met: value.p50 <= eachKibMax }),
    }),
  ];
}

function stallFigures(
  name: string,
  all: readonly Round[],
  phaseOf: (round: Round) => Phase,
): readonly Figure[] {
  return [
    figure({
      name: `${name}.stall-p99`,
      unit: "ms",
      samples: all.map((it) => phaseOf(it).stallP99Ms),
      floor: { name: "an idle process", samples: all.map((it) => it.idle.stallP99Ms) },
      aim: (value) => ({ text: `at most ${stallMsMax} ms`, met: value.p50 <= stallMsMax }),
    }),
    figure({
      name: `${name}.stall-max`,
      unit: "ms",
      samples: all.map((it) => phaseOf(it).stallMaxMs),
      floor: { name: "an idle process", samples: all.map((it) => it.idle.stallMaxMs) },
    }),
    figure({
      name: `${name}.busy-max`,
      unit: "ms",
      samples: all.map((it) => phaseOf(it).busyMaxMs),
    }),
  ];
}

/** The processor time that one workload costs among many, over what it costs among few, where there are `growth` times as many. */
export function linearity(
  small: readonly Round[],
  large: readonly Round[],
  growth: number,
): readonly Figure[] {
  const phases = {
    boot: (it: Round) => it.boot.cpuMs,
    resync: (it: Round) => it.resyncCpuMs,
    "mass-failure": (it: Round) => it.failure.cpuMs,
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
