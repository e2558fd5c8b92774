import { AgentError, type LogChunk, type LogOptions, type WorkloadId } from "@persys/core";
import { pause } from "../shared/wait.ts";
import { ConsoleReader } from "./console-reader.ts";

/** How often a follower looks for more, in milliseconds: soon for a person, rarely for a processor. */
const followEveryMs = 200;

/** Looks for more between two looks whether the machine is there still, which ask libvirt. */
const looksPerFind = 5;

/** One look is enough for all who follow in this time, in milliseconds. */
const findEveryMs = followEveryMs * looksPerFind;

/**
 * Where the console of a workload's machine is written to; undefined where it has no machine. What is told may be as old as `maxAgeMs` says, in
 * milliseconds; 0: it is how things are now.
 */
export type FindConsole = (
  signal: AbortSignal,
  maxAgeMs: number,
) => Promise<{ readonly path: string } | undefined>;

/**
 * What the current machine of a workload has written to its serial console, in all its runs, as far as it is kept. A follower goes on with the machine
 * that takes its place, and ends when the workload has none any more.
 * @throws {AgentError} NOT_FOUND when there is no machine; PERMISSION_DENIED, STORAGE_ERROR
 */
export async function* readConsole(
  id: WorkloadId,
  find: FindConsole,
  { options, signal }: { readonly options: LogOptions; readonly signal: AbortSignal },
): AsyncGenerator<LogChunk, void, undefined> {
  let found = await find(signal, 0);
  if (found === undefined) throw new AgentError("NOT_FOUND", `there are no logs of ${id}`);
  let { path } = found;
  let reader = await ConsoleReader.open(path, options);
  for (let looks = 1; ; looks += 1) {
    // Before the last look at the file, so that nothing written until then is missed.
    if (options.follow && looks % looksPerFind === 0) found = await find(signal, findEveryMs);
    // A guest that writes without a pause would keep a reader for ever that wants what there is.
    const bytesMax = options.follow ? Number.POSITIVE_INFINITY : reader.openedBytes;
    const isIdle = !(yield* chunksOf(reader, bytesMax, signal));
    if (!options.follow || found === undefined) break;
    if (found.path !== path) {
      yield* restOf(reader);
      ({ path } = found);
      reader = await ConsoleReader.open(path, {});
      continue;
    }
    if (isIdle) yield* restOf(reader);
    await pause(followEveryMs, signal);
  }
  yield* restOf(reader);
}

/** What there is now, up to a number of bytes and the rest of a piece; whether there was anything. */
async function* chunksOf(
  reader: ConsoleReader,
  bytesMax: number,
  signal: AbortSignal,
): AsyncGenerator<LogChunk, boolean, undefined> {
  let given = 0;
  while (given < bytesMax) {
    const chunk = await reader.next();
    signal.throwIfAborted();
    if (chunk === undefined) break;
    given += chunk.data.length;
    yield chunk;
    signal.throwIfAborted();
  }
  return given > 0;
}

function* restOf(reader: ConsoleReader): Generator<LogChunk> {
  for (let rest = reader.rest(); rest !== undefined; rest = reader.rest()) yield rest;
}
