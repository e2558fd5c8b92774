import { ActualState, DesiredState, type WorkloadStatus } from "@persys/transports/gen";
import type { AgentClient } from "./agent-client.ts";
import { type FollowOptions, followWorkloads } from "./follow-workloads.ts";

/** How to wait for a workload. */
export interface WaitOptions {
  /** Gives the wait up; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** The longest wait, in milliseconds. Left out: without limit. */
  readonly timeoutMs?: number;
  /** Called with the status at the beginning and at each change. */
  readonly onStatus?: (status: WorkloadStatus) => void;
  /** Called each time the connection to the agent was lost; the wait goes on. */
  readonly onInterrupted?: (error: unknown, retryInMs: number) => void;
}

/** How to wait for a workload to settle. */
export interface SettleOptions extends WaitOptions {
  /** The status in the answer to the request whose effect is waited for: what is older does not count. Left out: everything counts. */
  readonly since?: WorkloadStatus | undefined;
}

/**
 * How a wait ended.
 *
 * - `settled`: RUNNING, or STOPPED as wanted or because it has completed.
 * - `failed`: FAILED, and the agent does not try again by itself.
 * - `gone`: there is no such workload, or no longer.
 * - `timedOut`: none of these in time; `status` is the last one seen.
 */
export type WaitOutcome =
  | { readonly kind: "settled" | "failed"; readonly status: WorkloadStatus }
  | { readonly kind: "gone" }
  | { readonly kind: "timedOut"; readonly status: WorkloadStatus | undefined };

/**
 * Waits until a workload is RUNNING, STOPPED, FAILED for good or gone. The wait survives restarts of the agent. It throws what the first
 * connection throws, and the signal's reason.
 */
export function waitUntilSettled(
  client: AgentClient,
  id: string,
  options: SettleOptions = {},
): Promise<WaitOutcome> {
  const { since } = options;
  // An apply during a deletion is answered with the status of what goes: its end is then a beginning.
  const goes = since?.desiredState === DesiredState.DELETED ? since.uid : undefined;
  return waitFor({ client, id, options }, (look) => {
    if (look.kind === "gone") {
      return goes !== undefined && look.uid === goes ? undefined : { kind: "gone" };
    }
    const { status } = look;
    if (since !== undefined && status.generation < since.generation) return undefined;
    return goes !== undefined && status.uid === goes ? undefined : settledOutcome(status);
  });
}

/**
 * Waits until a workload is gone. With a `uid`, another creation under the same id counts as gone, too. Otherwise as
 * {@link waitUntilSettled}, but that no state ends it: a delete is never given up.
 */
export function waitUntilGone(
  client: AgentClient,
  id: string,
  options: WaitOptions & { readonly uid?: string | undefined } = {},
): Promise<WaitOutcome> {
  const { uid } = options;
  return waitFor({ client, id, options }, (look) =>
    look.kind === "gone" || (uid !== undefined && look.status.uid !== uid)
      ? { kind: "gone" }
      : undefined,
  );
}

/** What a status says about a wait for it to settle: its end, or undefined while it goes on. */
export function settledOutcome(status: WorkloadStatus): WaitOutcome | undefined {
  switch (status.actualState) {
    case ActualState.RUNNING:
    case ActualState.STOPPED:
      return { kind: "settled", status };
    case ActualState.FAILED:
      return status.failure?.retryable === true ? undefined : { kind: "failed", status };
    default:
      return undefined;
  }
}

interface Wait {
  readonly client: AgentClient;
  readonly id: string;
  readonly options: WaitOptions;
}

/** What a watch of one workload shows. `uid` is left out where it was not there to begin with. */
type Look =
  | { readonly kind: "there"; readonly status: WorkloadStatus }
  | { readonly kind: "gone"; readonly uid?: string };

async function waitFor(
  { client, id, options }: Wait,
  decide: (look: Look) => WaitOutcome | undefined,
): Promise<WaitOutcome> {
  const { signal, timeoutMs, onStatus, onInterrupted } = options;
  signal?.throwIfAborted();
  const deadline = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => deadline.abort(), timeoutMs);
  const ends = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
  const follow = { signal: ends, ...(onInterrupted === undefined ? {} : { onInterrupted }) };
  let last: WorkloadStatus | undefined;
  try {
    for await (const look of looksAt(client, id, follow)) {
      if (look.kind === "there") {
        last = look.status;
        onStatus?.(last);
      }
      const outcome = decide(look);
      if (outcome !== undefined) return outcome;
    }
  } finally {
    clearTimeout(timer);
  }
  signal?.throwIfAborted();
  return { kind: "timedOut", status: last };
}

async function* looksAt(
  client: AgentClient,
  id: string,
  options: FollowOptions,
): AsyncGenerator<Look, void, undefined> {
  // Whether the snapshot that is coming in has named the workload.
  let named = false;
  const onInterrupted = (error: unknown, retryInMs: number): void => {
    named = false;
    options.onInterrupted?.(error, retryInMs);
  };
  for await (const { event } of followWorkloads(client, { id }, { ...options, onInterrupted })) {
    switch (event.case) {
      case "snapshot":
        named = true;
        yield { kind: "there", status: event.value };
        break;
      case "changed":
        yield { kind: "there", status: event.value };
        break;
      case "deleted":
        yield { kind: "gone", uid: event.value.uid };
        break;
      case "synced":
        if (event.value.fresh && !named) yield { kind: "gone" };
        break;
      default:
        break;
    }
  }
}
