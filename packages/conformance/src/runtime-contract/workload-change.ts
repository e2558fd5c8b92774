import type { SpecDigest, Target, WorkloadId, WorkloadRuntime } from "@persys/core";

/** A call that changes what a runtime holds. */
export type Change =
  | { readonly op: "prepare" | "start" | "replace"; readonly target: Target }
  | { readonly op: "retire"; readonly keepDigests: readonly SpecDigest[] }
  | { readonly op: "restore" | "stop" | "remove" };

/** Makes the changing call of a change. */
export function callOf(
  runtime: WorkloadRuntime,
  id: WorkloadId,
  { change, graceMs, signal }: ChangeCall,
): Promise<void> {
  switch (change.op) {
    case "prepare":
      return runtime.prepare(change.target, signal, () => {});
    case "start":
    case "replace":
      return runtime[change.op](change.target, signal);
    case "retire":
      return runtime.retire(id, change.keepDigests, signal);
    case "restore":
    case "remove":
      return runtime[change.op](id, signal);
    case "stop":
      return runtime.stop(id, graceMs, signal);
  }
}

/** A change, and how it is asked for. */
export interface ChangeCall {
  readonly change: Change;
  readonly graceMs: number;
  readonly signal: AbortSignal;
}
