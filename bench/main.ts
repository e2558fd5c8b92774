import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench } from "./bench.ts";
import { containers } from "./containers.ts";
import { durableApply } from "./durable-apply.ts";
import { type BenchResult, jsonReport, printTable } from "./report.ts";
import { scale } from "./scale.ts";
import { telemetry } from "./telemetry.ts";

/** Set in the environment of the run that `scripts/test-host` has started, also where it could start no engine. */
const hosted = "PERSYS_BENCH_HOSTED";

/** In the order in which they run. */
const benches: readonly Bench[] = [durableApply, scale, telemetry, containers];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" } },
});

const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !benches.some((it) => it.name === name));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(", ")}. There are:`);
  for (const { name, about } of benches) console.error(`  ${name}: ${about}`);
  process.exit(2);
}

const root = join(import.meta.dirname, "..");

if (chosen.some(({ needsDocker }) => needsDocker) && !hasHost()) process.exit(await runWithHost());

/** Beneath the repository, because a temporary folder is often kept in memory, where a sync costs nothing. */
const scratch = join(root, ".persys", "bench");

const results: BenchResult[] = [];
for (const bench of chosen) {
  mkdirSync(scratch, { recursive: true });
  const folder = mkdtempSync(join(scratch, `${bench.name}-`));
  try {
    console.log(`${bench.name}: ${bench.about}`);
    const figures = await bench.run(folder, (line) => console.log(`  ${line}`));
    const result = { bench: bench.name, figures };
    printTable(result);
    results.push(result);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
if (values.json !== undefined) writeFileSync(values.json, jsonReport(results));

const missed = results.flatMap(({ figures }) => figures.filter((it) => it.aim?.met === false));
console.log(
  missed.length === 0
    ? "\nevery aim is met"
    : `\n${missed.length} aims are missed: ${missed.map((it) => it.name).join(", ")}`,
);

function hasHost(): boolean {
  return process.env["PERSYS_TEST_DOCKER_HOST"] !== undefined || process.env[hosted] !== undefined;
}

/** Runs this once more, with an engine that goes away afterwards unless it was there before. Resolves with the exit code. */
async function runWithHost(): Promise<number> {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const inner = spawn(join(root, "scripts", "test-host"), ["run", ...again], {
    stdio: "inherit",
    env: { ...process.env, [hosted]: "1" },
  });
  // The inner one clears up, and then ends. A terminal sends SIGINT to both.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => inner.kill("SIGTERM"));
  const [code] = (await once(inner, "exit")) as [number | null];
  return code ?? 1;
}
