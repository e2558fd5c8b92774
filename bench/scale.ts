import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Bench } from "./bench.ts";
import { type Figure, figure } from "./figure.ts";
import { figuresOf, linearity, type Round } from "./scale-figures.ts";
import type { FillReport, FloorReport, ScaleReport } from "./scale-report.ts";

const sizes = [1_000, 10_000] as const;
const rounds = 3;

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
    return [...figures, ...linearity(small ?? [], large ?? [], sizes[1] / sizes[0])];
  },
};

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
