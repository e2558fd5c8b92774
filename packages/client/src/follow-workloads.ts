import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WatchWorkloadsRequestSchema, WatchWorkloadsResponse } from "@persys/transports/gen";
import type { AgentClient } from "./agent-client.ts";
import { isTransient } from "./explain-error.ts";

/** Which workloads to follow, and from where. */
export type FollowRequest = MessageInitShape<typeof WatchWorkloadsRequestSchema>;

/** How to follow. */
export interface FollowOptions {
  /** Ends the following: the iteration then just ends. */
  readonly signal: AbortSignal;
  /** Called each time the connection was lost, with what ended it and when the next try is made. */
  readonly onInterrupted?: (error: unknown, retryInMs: number) => void;
}

/** The first wait after a lost connection; it doubles with every further loss. */
const retryDelayMsMin = 200;

/** An agent that restarts is back within seconds; asking more rarely would only make the user wait. */
const retryDelayMsMax = 3000;

/**
 * The events of WatchWorkloads, across lost connections: it reconnects with the last resume token, so that nothing is missed or repeated. Where
 * the agent no longer knows the token, a new snapshot comes, closed by a `synced` that is `fresh`: forget what it did not name.
 *
 * Errors of the very first connection are thrown, and later ones that time does not cure, such as refused credentials.
 */
export async function* followWorkloads(
  client: AgentClient,
  request: FollowRequest,
  options: FollowOptions,
): AsyncGenerator<WatchWorkloadsResponse, void, undefined> {
  const { signal } = options;
  let resumeToken = request.resumeToken ?? "";
  let delayMs = 0;
  let connected = false;
  while (!signal.aborted) {
    // Its own controller: leaving the loop early has to end the call, too.
    const call = new AbortController();
    const end = (): void => call.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    let ended: unknown = new Error("the agent ended the watch");
    try {
      for await (const event of client.watchWorkloads(
        { ...request, resumeToken },
        { signal: call.signal },
      )) {
        connected = true;
        delayMs = 0;
        resumeToken = event.resumeToken;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!connected || !isTransient(error)) throw error;
      ended = error;
    } finally {
      signal.removeEventListener("abort", end);
      call.abort();
    }
    delayMs = Math.min(retryDelayMsMax, Math.max(retryDelayMsMin, delayMs * 2));
    options.onInterrupted?.(ended, delayMs);
    await pause(delayMs, signal);
  }
}

/** Resolves after the delay, or at once when the signal aborts. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener("abort", done, { once: true });
  });
}
