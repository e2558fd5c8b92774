import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Life } from "../simulation/life.ts";
import { loadModel } from "../simulation/load-model.ts";
import {
  type BadSeed,
  commandsOfLife,
  liveSeed,
  namesOf,
  type SeedsOutcome,
} from "../simulation/run-seeds.ts";
import { runSeedsInWorkers } from "../simulation/run-seeds-in-workers.ts";
import type { RuntimeModelFactory } from "../simulation/runtime-model.ts";
import { shrinkLife } from "../simulation/shrink-life.ts";
import { liveThrough, type LifeOutcome } from "../simulation/simulated-life.ts";
import { closingLine, hitLines, neverMet, violationLines } from "../simulation/simulation-text.ts";
import type { CommandHost } from "./command-host.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { loadFactory } from "./load-module.ts";
import type { SimOptions } from "./sim-options.ts";
import { UsageError } from "./usage-error.ts";

/** So many violations of one run are shrunk and told at length. */
const toldMax = 3;
/** A word on a terminal this often, in milliseconds. */
const tellEveryMs = 500;

/**
 * Runs simulations as asked. Returns the exit code.
 * @throws {UsageError} when a file or a module cannot be used.
 */
export async function runSimulation(options: SimOptions, host: CommandHost): Promise<ExitCode> {
  const url = await moduleUrl(options, host);
  const model = await loadModel(url);
  if (options.life !== undefined) {
    const life = await readLife(resolve(host.cwd, options.life));
    return replayLife(life, { model, options, host });
  }
  if (options.seed !== undefined) return replaySeed(options.seed, { model, options, host });
  return runMany(url, { model, options, host });
}

interface Run {
  readonly model: RuntimeModelFactory;
  readonly options: SimOptions;
  readonly host: CommandHost;
}

async function runMany(url: string | undefined, run: Run): Promise<ExitCode> {
  const { model, options, host } = run;
  const { first, seeds, steps } = options;
  const signal = host.interrupt();
  const beganMs = performance.now();
  const progress = progressOn(host, options);
  const outcome = await runSeedsInWorkers({
    module: url,
    commands: steps,
    first,
    seeds,
    workers: options.workers ?? availableParallelism(),
    onProgress: progress.show,
    signal,
  }).finally(progress.clear);
  const elapsedMs = performance.now() - beganMs;
  const told = await tellBad(outcome.bad.slice(0, toldMax), run);
  if (options.json === true) {
    const report = {
      ...outcome,
      elapsedMs,
      neverMet: neverMet(outcome.hits, namesOf(model)),
      told,
    };
    host.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else {
    const others = outcome.bad
      .slice(toldMax)
      .map(({ seed, invariant }) => `${seed} (${invariant})`);
    const lines = [
      ...hitLines(outcome.hits, namesOf(model)),
      ...(others.length === 0 ? [] : [`further seeds with violations: ${others.join(", ")}`]),
      closingLine(outcome, elapsedMs),
    ];
    host.stdout.write(`${lines.join("\n")}\n`);
  }
  if (signal.aborted) return exitCodes.interrupted;
  return outcome.bad.length === 0 ? exitCodes.ok : exitCodes.broken;
}

/** Shrinks what went wrong, tells it unless all is told as JSON, and returns what was told. */
async function tellBad(bad: readonly BadSeed[], { model, options, host }: Run): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const { seed, life, invariant, message } of bad) {
    const shrunk = await shrinkLife(life, { model, names: namesOf(model) });
    const outcome = await liveThrough(shrunk.life, { model, trace: true });
    const file = await keepLife(shrunk.life);
    const replayed = [...replayCommand(options), "--life", file].join(" ");
    told.push({
      seed,
      invariant,
      message,
      life: shrunk.life,
      trace: outcome.trace,
      replay: replayed,
    });
    if (options.json === true) continue;
    const lines = [
      ...violationLines(seed, shrunk.life, outcome),
      "",
      `  shrunk from ${life.commands.length} commands in ${shrunk.livesTried} lives; replay it:`,
      `    ${replayed}`,
      `  and as it was found:`,
      `    ${[...replayCommand(options), "--seed", String(seed)].join(" ")}`,
      "",
    ];
    host.stdout.write(`${lines.join("\n")}\n`);
  }
  return told;
}

async function replaySeed(seed: number, run: Run): Promise<ExitCode> {
  const { model, options } = run;
  const outcome = await liveSeed(seed, {
    model,
    commands: options.steps,
    trace: options.trace === true,
  });
  return conclude(seed, outcome, run);
}

async function replayLife(life: Life, run: Run): Promise<ExitCode> {
  const { model, options } = run;
  const outcome = await liveThrough(life, { model, trace: options.trace === true });
  return conclude(life.seed, outcome, run);
}

async function conclude(seed: number, outcome: LifeOutcome, run: Run): Promise<ExitCode> {
  const { options, host } = run;
  const { violation, life, trace, portCalls } = outcome;
  const isJson = options.json === true;
  if (!isJson && trace.length > 0) host.stdout.write(`${trace.join("\n")}\n\n`);
  if (violation === undefined) {
    const report = { seed, portCalls, hits: outcome.hits, trace };
    host.stdout.write(
      isJson
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : `1 seed, 0 violations (${life.commands.length} commands, ${portCalls} port calls)\n`,
    );
    return exitCodes.ok;
  }
  const { invariant, message } = violation;
  const [told] = await tellBad([{ seed, life, invariant, message }], run);
  if (isJson) host.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`);
  else host.stdout.write("1 seed, 1 violation\n");
  return exitCodes.broken;
}

/** Where the life of a violation is kept, so that it can be lived again whatever becomes of the seeds. */
async function keepLife(life: Life): Promise<string> {
  const file = join(tmpdir(), `persys-life-${life.seed}.json`);
  await writeFile(file, JSON.stringify(life, undefined, 2));
  return file;
}

/** @throws {UsageError} when there is no life in the file. */
async function readLife(file: string): Promise<Life> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Life;
  } catch (error) {
    throw new UsageError(`${file} holds no life`, { cause: error });
  }
}

function replayCommand({ module, steps }: SimOptions): readonly string[] {
  const ofModule = module === undefined ? [] : ["--module", module];
  const ofSteps = steps === commandsOfLife ? [] : ["--steps", String(steps)];
  return ["npm", "run", "sim", "--", ...ofModule, ...ofSteps];
}

/** @throws {UsageError} when the module cannot be loaded or does not export what it should. */
async function moduleUrl({ module }: SimOptions, host: CommandHost): Promise<string | undefined> {
  if (module === undefined) return undefined;
  await loadFactory({ module, cwd: host.cwd, wanted: wantedModel });
  return module.startsWith("file:") ? module : pathToFileURL(resolve(host.cwd, module)).href;
}

const wantedModel = {
  name: "createModel",
  example: [
    'import type { RuntimeModelFactory } from "@persys/conformance";',
    "export const createModel: RuntimeModelFactory = (surroundings) => new MyModel(surroundings);",
  ],
} as const;

function progressOn(
  { stderr }: CommandHost,
  options: SimOptions,
): { readonly show: (soFar: SeedsOutcome) => void; readonly clear: () => void } {
  if (options.quiet === true || stderr.isTTY !== true) return { show: () => {}, clear: () => {} };
  let toldAtMs = performance.now();
  return {
    show: ({ seeds, bad }) => {
      if (performance.now() - toldAtMs < tellEveryMs) return;
      toldAtMs = performance.now();
      stderr.write(`\r\u001b[K${seeds}/${options.seeds} seeds, ${bad.length} violations`);
    },
    clear: () => void stderr.write("\r\u001b[K"),
  };
}
