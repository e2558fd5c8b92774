import {
  AgentError,
  type LogChunk,
  type Logger,
  type LogOptions,
  type WorkloadId,
} from "@persys/core";
import { readContainerLogs } from "../docker/container-logs.ts";
import type { DockerClient } from "../docker/docker-client.ts";
import type { OnHint } from "../docker/hint-waits.ts";
import { type LogSource, logSourceOf } from "../docker/log-passes.ts";
import { ChunkFlow, mergeByTime, type Tagged } from "./chunk-merge.ts";
import { LineLabels } from "./line-labels.ts";
import type { LookedAt } from "./project-looks.ts";

/** Who reads what. */
export interface ProjectLogReading {
  readonly client: Pick<DockerClient, "facts" | "stream">;
  readonly look: (signal: AbortSignal) => Promise<LookedAt>;
  readonly onHint: OnHint;
  readonly options: LogOptions;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** How often a follower looks for further services without a hint, in milliseconds. */
const lookEveryMs = 1_000;
const newline = 0x0a;

/**
 * The output of all services of a project, each line with the name of its container before it where there are several. Lines of one container
 * are in order; those of several are by their time where nothing is followed, else as they come. `tailLines` counts lines of all together.
 * @throws {AgentError} NOT_FOUND when there is no container. The signal's reason when it aborts.
 */
export async function* readProjectLogs(
  id: WorkloadId,
  reading: ProjectLogReading,
): AsyncGenerator<LogChunk, void, undefined> {
  const { options, signal } = reading;
  signal.throwIfAborted();
  const names = namesIn(await reading.look(signal));
  if (names.length === 0) throw new AgentError("NOT_FOUND", `there are no logs of ${id}`);
  if (options.follow) {
    yield* followed(id, names, reading);
    return;
  }
  const sources = new Map(names.map((name) => [name, one(id, name, reading)]));
  const merged = mergeByTime(sources);
  const { tailLines } = options;
  const isAll = tailLines === undefined || names.length === 1;
  yield* labelled(isAll ? merged : lastLines(merged, tailLines), names.length > 1);
}

async function* followed(
  id: WorkloadId,
  first: readonly string[],
  reading: ProjectLogReading,
): AsyncGenerator<LogChunk, void, undefined> {
  const ending = new AbortController();
  const signal = AbortSignal.any([reading.signal, ending.signal]);
  const flow = new ChunkFlow(signal);
  const stop = reading.onHint(() => {
    flow.wake();
  });
  const labels = new Map<string, LineLabels>();
  const seen = new Set(first);
  try {
    for (const name of first) flow.add(name, one(id, name, { ...reading, signal }));
    let lookedMs = performance.now();
    while (flow.size > 0) {
      const next = await flow.next(lookEveryMs);
      if (next !== undefined) yield* withLabel(next, labels, seen.size > 1);
      if (performance.now() - lookedMs < lookEveryMs) continue;
      lookedMs = performance.now();
      for (const name of await namesNow(reading)) {
        if (flow.has(name)) continue;
        seen.add(name);
        // What it wrote before it was seen is new as well.
        const options = { follow: true } as const;
        flow.add(name, one(id, name, { ...reading, signal, options }));
      }
    }
  } finally {
    stop();
    ending.abort();
    await flow.close();
  }
}

/** None where the engine does not answer: the followers themselves tell how that goes on. */
async function namesNow({ look, signal }: ProjectLogReading): Promise<readonly string[]> {
  try {
    return namesIn(await look(signal));
  } catch (error) {
    signal.throwIfAborted();
    if (AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) return [];
    throw error;
  }
}

/** The output of one container of a project, whichever is there under its name; none where it has gone meanwhile. */
async function* one(
  id: WorkloadId,
  name: string,
  reading: ProjectLogReading,
): AsyncGenerator<LogChunk, void, undefined> {
  const find = async (signal: AbortSignal): Promise<LogSource | undefined> => {
    const { listed, containers } = await reading.look(signal);
    const at = listed.findIndex((it) => nameOf(it) === name);
    const found = containers.find((it) => it.report.Id === listed[at]?.entry.Id);
    return found && logSourceOf(found.report);
  };
  try {
    yield* readContainerLogs(id, { ...reading, find });
  } catch (error) {
    if (!AgentError.hasCode(error, "NOT_FOUND")) throw error;
  }
}

function namesIn({ listed }: LookedAt): readonly string[] {
  return [...new Set(listed.map(nameOf))];
}

/** As compose itself calls it: `web-1`. */
function nameOf({ entry, marks }: LookedAt["listed"][number]): string {
  return `${marks.service}-${entry.Labels["com.docker.compose.container-number"] ?? "1"}`;
}

async function* labelled(
  merged: AsyncIterable<Tagged>,
  isNamed: boolean,
): AsyncGenerator<LogChunk, void, undefined> {
  const labels = new Map<string, LineLabels>();
  for await (const tagged of merged) yield* withLabel(tagged, labels, isNamed);
}

function* withLabel(
  { name, chunk }: Tagged,
  labels: Map<string, LineLabels>,
  isNamed: boolean,
): Generator<LogChunk, void, undefined> {
  if (!isNamed) {
    yield chunk;
    return;
  }
  const own = labels.get(name) ?? new LineLabels(name);
  labels.set(name, own);
  yield* own.add(chunk);
}

/** The last lines of all together, of which each source gives no more than so many. */
async function* lastLines(
  merged: AsyncIterable<Tagged>,
  tailLines: number,
): AsyncGenerator<Tagged, void, undefined> {
  let lines: Tagged[] = [];
  for await (const { name, chunk } of merged)
    for (const data of linesOf(Buffer.from(chunk.data))) {
      lines.push({ name, chunk: { ...chunk, data } });
      if (lines.length > 2 * tailLines + 1) lines = lines.slice(-tailLines || lines.length);
    }
  if (tailLines > 0) yield* lines.slice(-tailLines);
}

function* linesOf(data: Buffer): Generator<Buffer, void, undefined> {
  for (let from = 0; from < data.length; ) {
    const end = data.indexOf(newline, from);
    const to = end === -1 ? data.length : end + 1;
    yield data.subarray(from, to);
    from = to;
  }
}
