import { type MatrixOptions, StoryMatrix, type StoryResult } from "../crash-matrix/crash-matrix.ts";
import {
  closingLine,
  crashFailureLines,
  lifeLines,
  storyLine,
} from "../crash-matrix/matrix-text.ts";
import type { Place } from "../crash-matrix/places.ts";
import { SimulatedCrashWorld } from "../crash-matrix/simulated-crash-world.ts";
import { crashStories } from "../crash-matrix/stories.ts";
import type { CrashStory } from "../crash-matrix/story.ts";
import type { CommandHost } from "./command-host.ts";
import type { CrashMatrixOptions } from "./crash-matrix-options.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { UsageError } from "./usage-error.ts";

/** A word on a terminal after so many lives. */
const tellEvery = 50;

/**
 * Runs the crash matrix as asked. Returns the exit code.
 * @throws {UsageError} when there is no such story or boundary.
 */
export async function runCrashMatrix(
  options: CrashMatrixOptions,
  host: CommandHost,
): Promise<ExitCode> {
  const stories = chosen(options.story);
  if (options.list === true) {
    for (const it of stories) host.stdout.write(`${it.name.padEnd(24)}${it.title}\n`);
    return exitCodes.ok;
  }
  const signal = host.interrupt();
  try {
    if (options.boundary === undefined) return await runAll(stories, options, host, signal);
    return await replay(stories, { ...options, places: options.boundary, signal }, host);
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    throw error;
  }
}

async function runAll(
  stories: readonly CrashStory[],
  options: CrashMatrixOptions,
  host: CommandHost,
  signal: AbortSignal,
): Promise<ExitCode> {
  const results: StoryResult[] = [];
  for (const story of stories) {
    const progress = progressOn(host, story.name, options.quiet === true);
    const matrix = new StoryMatrix(story, {
      newWorld: () => new SimulatedCrashWorld(),
      pairs: options.pairs,
      onRun: progress.onRun,
      signal,
    });
    const result = await matrix.run().finally(progress.clear);
    results.push(result);
    if (options.json === true) continue;
    host.stdout.write(`${storyLine(result)}\n`);
    for (const failure of result.failures)
      host.stdout.write(`${crashFailureLines(failure).join("\n")}\n`);
  }
  const text =
    options.json === true
      ? JSON.stringify({ stories: results }, undefined, 2)
      : closingLine(results);
  host.stdout.write(`${text}\n`);
  return results.every((it) => it.failures.length === 0) ? exitCodes.ok : exitCodes.broken;
}

async function replay(
  stories: readonly CrashStory[],
  options: CrashMatrixOptions & { readonly places: readonly Place[]; readonly signal: AbortSignal },
  host: CommandHost,
): Promise<ExitCode> {
  const { places, signal } = options;
  const [story, ...others] = stories;
  if (story === undefined || others.length > 0)
    throw new UsageError("a boundary is one of a story", { hints: ["name it with --story"] });
  const matrixOptions: MatrixOptions = { newWorld: () => new SimulatedCrashWorld(), signal };
  const repeats = options.silentClient !== true;
  const life = await new StoryMatrix(story, matrixOptions)
    .replay(places, repeats)
    .catch((error: unknown) => {
      throw error instanceof RangeError ? new UsageError(error.message) : error;
    });
  const failure = { story: story.name, places, repeats, ...life };
  if (options.json === true) host.stdout.write(`${JSON.stringify(failure, undefined, 2)}\n`);
  else {
    const shown = life.account === undefined ? [] : lifeLines(life.account);
    const verdict = life.findings.length === 0 ? ["clean"] : crashFailureLines(failure);
    host.stdout.write(
      `${[...shown, ...life.where.map((it) => `struck: ${it}`), ...verdict].join("\n")}\n`,
    );
  }
  return life.findings.length === 0 ? exitCodes.ok : exitCodes.broken;
}

/** @throws {UsageError} for a name that no story has. */
function chosen(names: readonly string[] | undefined): readonly CrashStory[] {
  if (names === undefined) return crashStories;
  const unknown = names.find((name) => crashStories.every((it) => it.name !== name));
  if (unknown !== undefined)
    throw new UsageError(`there is no story ${unknown}`, {
      hints: [`stories: ${crashStories.map((it) => it.name).join(", ")}`],
    });
  return crashStories.filter((it) => names.includes(it.name));
}

function progressOn(
  { stderr }: CommandHost,
  story: string,
  isQuiet: boolean,
): { readonly onRun: () => void; readonly clear: () => void } {
  if (isQuiet || stderr.isTTY !== true) return { onRun: () => {}, clear: () => {} };
  let runs = 0;
  return {
    onRun: () => {
      runs += 1;
      if (runs % tellEvery === 0) stderr.write(`\r\u001b[K${story}  ${runs} runs`);
    },
    clear: () => void stderr.write("\r\u001b[K"),
  };
}
