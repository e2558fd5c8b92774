import {
  type Json,
  type LogChunk,
  parseWorkloadId,
  specDigest,
  type Target,
  type WorkloadId,
} from "@persys/core";

/** A signal that never aborts. */
export const forever: AbortSignal = new AbortController().signal;

/** `text` as a workload id. */
export function idOf(text: string): WorkloadId {
  const parsed = parseWorkloadId(text);
  if (!parsed.ok) throw new Error(`no id: ${text}`);
  return parsed.value;
}

/** A revision to make; `revisionId` is derived from the spec unless given. */
export function targetOf(id: string, spec: Json, over: Partial<Target> = {}): Target {
  const digest = specDigest(spec);
  return {
    id: idOf(id),
    uid: "uid-1",
    revisionId: digest.slice(3, 11),
    specDigest: digest,
    spec,
    stopGraceMs: 2_000,
    ...over,
  };
}

/** Resolves once `isSo` holds. @throws after `withinMs`. */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  withinMs = 5_000,
): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs)
      throw new Error(`not so within ${withinMs} ms: ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function textOf(chunk: LogChunk): string {
  return Buffer.from(chunk.data).toString("utf8");
}
