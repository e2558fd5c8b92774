import { AgentError, type AgentApi, type WorkloadStatus } from "@persys/core";

/**
 * The status of a workload once `first`, or what came after it, has settled: RUNNING, STOPPED, FAILED for good, or removed. When the signal
 * aborts before, the last status seen. Never throws: what it waits for is already accepted.
 */
export async function waitUntilSettled(
  api: AgentApi,
  first: WorkloadStatus,
  signal: AbortSignal,
): Promise<WorkloadStatus> {
  let last = first;
  if (isSettled(last)) return last;
  const watching = new AbortController();
  try {
    const until = AbortSignal.any([signal, watching.signal]);
    for await (const _ of api.watch({ id: first.id }, until)) {
      const current = currentStatus(api, first.id);
      if (current === undefined) break;
      if (current.generation >= first.generation) last = current;
      if (isSettled(last)) break;
    }
  } catch {
    // The watch was cut short; what is known is the answer.
  } finally {
    watching.abort();
  }
  return last;
}

/** Whether nothing more comes of it by itself. */
export function isSettled({ actual, failure }: WorkloadStatus): boolean {
  if (actual === "running" || actual === "stopped") return true;
  return actual === "failed" && failure?.retryable === false;
}

function currentStatus(api: AgentApi, id: string): WorkloadStatus | undefined {
  try {
    return api.status(id);
  } catch (error) {
    if (AgentError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
