import { AgentError } from "../errors/agent-error.ts";
import type { WatchEvent } from "../ports/agent-api.ts";
import type { LogChunk } from "../ports/workload-runtime.ts";

/** Where the output of one workload comes from. */
export interface LogSource {
  /** The output of its instance. Iterating throws NOT_FOUND while there is none. */
  readonly read: () => AsyncIterable<LogChunk>;
  /** How it is, then its changes, until the call is given up. */
  readonly changes: () => AsyncIterable<WatchEvent>;
  readonly follow: boolean;
}

/**
 * The output of a workload that exists. As long as nothing has been made of it there is none: who follows waits for it, and is told from its
 * beginning; the end comes when the workload is gone.
 */
export async function* workloadLogs(source: LogSource): AsyncGenerator<LogChunk> {
  const chunks = (await begun(source)) ?? (source.follow ? await firstMade(source) : undefined);
  if (chunks !== undefined) yield* chunks;
}

/** The output once there is an instance; undefined when the workload goes before, or the call is given up. */
async function firstMade(source: LogSource): Promise<AsyncIterable<LogChunk> | undefined> {
  for await (const { kind } of source.changes()) {
    if (kind === "deleted") return undefined;
    if (kind !== "changed" && kind !== "synced") continue;
    const chunks = await begun(source);
    if (chunks !== undefined) return chunks;
  }
  return undefined;
}

/** The output, or undefined when there is no instance. */
async function begun({ read }: LogSource): Promise<AsyncIterable<LogChunk> | undefined> {
  const chunks = read()[Symbol.asyncIterator]();
  try {
    return going(await chunks.next(), chunks);
  } catch (error) {
    if (AgentError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function* going(
  first: IteratorResult<LogChunk>,
  chunks: AsyncIterator<LogChunk>,
): AsyncGenerator<LogChunk> {
  try {
    for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}
