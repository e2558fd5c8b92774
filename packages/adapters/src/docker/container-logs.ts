import {
  AgentError,
  type LogChunk,
  type Logger,
  type LogOptions,
  silentLogger,
  type WorkloadId,
} from "@persys/core";
import { pause } from "../shared/wait.ts";
import type { DockerClient } from "./docker-client.ts";
import { httpStatusOf } from "./docker-errors.ts";
import { HintWaits, type OnHint } from "./hint-waits.ts";
import { LogPasses, type LogSource } from "./log-passes.ts";

/** Who reads what. */
export interface LogReading {
  readonly client: Pick<DockerClient, "facts" | "stream">;
  /** The current container of the workload; undefined when it has none. */
  readonly find: (signal: AbortSignal) => Promise<LogSource | undefined>;
  /** Tells of the workload that it may have changed. Without it, a follower looks once a second. */
  readonly onHint?: OnHint;
  readonly options: LogOptions;
  readonly signal: AbortSignal;
  readonly logger?: Logger;
}

/** How often a follower looks without a hint while nothing runs, and how often it begins to read at most, in milliseconds. */
const lookEveryMs = 1_000;

/** A container that is gone, or about to go: there is no log of it any more. */
const goneStatuses: ReadonlySet<number | undefined> = new Set([404, 409]);

/**
 * The output of the current container: of all its runs that the engine keeps, stdout and stderr each in order. `tailLines` counts what the
 * engine stored as lines, of both streams together: a line longer than 16 KiB is several.
 *
 * A follower stays while the container is stopped, started and replaced, and while the engine is away: it goes on where it was, by the times
 * of what it has read, and repeats nothing. It ends when the workload has had no container for a second. What is not read yet waits in the
 * engine. An engine of version 20.10 may itself skip lines that it writes while it changes to a new file of its log.
 *
 * @throws {AgentError} NOT_FOUND when there is no container; what the engine's answer is. A follower that has begun waits out an engine that
 * does not answer. The signal's reason when it aborts.
 */
export async function* readContainerLogs(
  id: WorkloadId,
  reading: LogReading,
): AsyncGenerator<LogChunk, void, undefined> {
  const { client, find, options, signal } = reading;
  const source = await find(signal);
  if (source === undefined) throw new AgentError("NOT_FOUND", `there are no logs of ${id}`);
  const begunMs = options.follow ? (await client.facts(signal)).nowMs : 0;
  const passes = new LogPasses({ client, options, begunMs, signal });
  if (options.follow) {
    yield* followed(source, passes, reading);
    return;
  }
  const end = yield* passes.pass(source);
  yield* passes.rest();
  if (end.isWhole) return;
  if (goneStatuses.has(httpStatusOf(end.error)))
    throw new AgentError("NOT_FOUND", `there are no logs of ${id}`, { cause: end.error });
  throw end.error;
}

async function* followed(
  first: LogSource,
  passes: LogPasses,
  reading: LogReading,
): AsyncGenerator<LogChunk, void, undefined> {
  const { signal, onHint = noHints } = reading;
  const waits = new HintWaits(onHint, lookEveryMs, signal);
  let wholeRun: string | undefined;
  let notBeforeMs = 0;
  try {
    for (let source: LogSource | undefined = first; source !== undefined; ) {
      const { id, startedAt, isRunning }: LogSource = source;
      const run = `${id} ${startedAt}`;
      if (run !== wholeRun) {
        // Of a container that ends as soon as it is started, the whole log is read each time.
        if (isRunning) {
          await pause(Math.max(0, notBeforeMs - performance.now()), signal);
          notBeforeMs = performance.now() + lookEveryMs;
        }
        const end = yield* passes.pass(source);
        if (!end.isWhole) bear(end.error, passes, reading);
        else if (isRunning)
          waits.hint(); // It has ended: what it wrote last is looked for at once.
        else {
          wholeRun = run;
          yield* passes.rest();
        }
      }
      await waits.wait();
      source = await findPatiently(reading, waits);
      if (source === undefined) {
        // One that is being made again, or has just been replaced, is seen a moment later.
        await pause(lookEveryMs, signal);
        source = await findPatiently(reading, waits);
      }
      if (source?.id !== id) yield* passes.rest();
    }
  } finally {
    waits.close();
  }
}

/** The current container, once the engine answers. */
async function findPatiently(
  reading: LogReading,
  waits: HintWaits,
): Promise<LogSource | undefined> {
  for (;;) {
    try {
      return await reading.find(reading.signal);
    } catch (error) {
      if (!AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
      await waits.wait();
    }
  }
}

/** Passes over what ends by itself. @throws all else. */
function bear(error: AgentError, passes: LogPasses, { logger = silentLogger }: LogReading): void {
  const isGone = goneStatuses.has(httpStatusOf(error));
  const isAway = error.code === "RUNTIME_UNAVAILABLE" && passes.hasBegun;
  if (!isGone && !isAway) throw error;
  logger.info("a log that is followed broke off; it is taken up again", { error });
}

function noHints(): () => void {
  return () => {};
}
