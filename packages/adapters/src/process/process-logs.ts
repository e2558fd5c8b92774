import { join } from "node:path";
import { AgentError, type LogChunk, type LogOptions, type WorkloadId } from "@persys/core";
import { LogReader } from "./log-reader.ts";
import { pause } from "../shared/wait.ts";

/** How often a follower looks for more: soon for a person, rarely for a processor. */
const followEveryMs = 100;

/** Which instance's folder to read, or undefined when the workload has none. */
export type FindLogFolder = () => { readonly handle: string; readonly folder: string } | undefined;

/**
 * The output of the current instance, of all its runs that are kept: stdout and stderr each in order. `tailLines` counts for each stream.
 * A follower goes on with the instance that takes its place, and ends when the workload has no instance any more.
 * @throws {AgentError} NOT_FOUND when there is no instance.
 */
export async function* readLogs(
  id: WorkloadId,
  find: FindLogFolder,
  { options, signal }: { readonly options: LogOptions; readonly signal: AbortSignal },
): AsyncGenerator<LogChunk, void, undefined> {
  let found = find();
  if (found === undefined) throw new AgentError("NOT_FOUND", `there are no logs of ${id}`);
  let { handle } = found;
  let readers = readersOf(found.folder, options);
  for (;;) {
    // Before the last look at the files, so that nothing written until then is missed.
    found = find();
    let isIdle = true;
    for (const chunk of chunksOf(readers)) {
      isIdle = false;
      yield chunk;
      signal.throwIfAborted();
    }
    if (!options.follow || found === undefined) break;
    if (found.handle !== handle) {
      yield* restsOf(readers);
      ({ handle } = found);
      readers = readersOf(found.folder, { follow: true });
      continue;
    }
    if (isIdle) yield* restsOf(readers);
    await pause(followEveryMs, signal);
  }
  yield* restsOf(readers);
}

function readersOf(folder: string, options: LogOptions): readonly LogReader[] {
  return (["stdout", "stderr"] as const).map(
    (stream) => new LogReader(join(folder, "log"), stream, options),
  );
}

/** What there is now, the streams in turn. */
function* chunksOf(readers: readonly LogReader[]): Generator<LogChunk> {
  let open = readers;
  while (open.length > 0) {
    const stillOpen: LogReader[] = [];
    for (const reader of open) {
      const chunk = reader.next();
      if (chunk === undefined) continue;
      yield chunk;
      stillOpen.push(reader);
    }
    open = stillOpen;
  }
}

function* restsOf(readers: readonly LogReader[]): Generator<LogChunk> {
  for (const reader of readers) {
    const rest = reader.rest();
    if (rest !== undefined) yield rest;
  }
}
