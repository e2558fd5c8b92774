import { cpus, totalmem } from "node:os";
import type { Figure } from "./figure.ts";
import type { Spread } from "./statistics.ts";

/** The figures of one bench. */
export interface BenchResult {
  readonly bench: string;
  readonly figures: readonly Figure[];
}

/** The figures of one bench as a table for a person. */
export function printTable({ bench, figures }: BenchResult): void {
  const rows = figures.map((it) => [
    it.name,
    {
      median: `${short(it.value.p50)} ${it.unit}`,
      p95: short(it.value.p95),
      "±": spread(it.value),
      floor: it.floor === undefined ? "" : `${short(it.floor.value.p50)} (${it.floor.name})`,
      ratio: it.ratio === undefined ? "" : `${short(it.ratio)}x`,
      aim: it.aim === undefined ? "" : `${it.aim.met ? "met" : "MISSED"}: ${it.aim.text}`,
    },
  ]);
  console.log(`\n${bench}`);
  console.table(Object.fromEntries(rows));
}

/** All figures for machines, with what a reader has to know of where they come from. */
export function jsonReport(results: readonly BenchResult[]): string {
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMib: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
  return `${JSON.stringify({ version: 1, machine, results }, undefined, 2)}\n`;
}

function spread({ p50, mad }: Spread): string {
  return p50 === 0 ? "" : `${Math.round((100 * mad) / p50)} %`;
}

/** Three digits that count. */
function short(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
