import { Code, ConnectError } from "@connectrpc/connect";
import type { AgentClient } from "@persys/client";
import type { WatchWorkloadsResponse } from "@persys/client/contract";
import { ContractViolation } from "../contract-violation.ts";
import type { ApiStage } from "./api-stage.ts";

/** Reads one watch, event by event. Disposing of it cancels the watch. */
export class WatchReader implements AsyncDisposable {
  readonly #cancelling = new AbortController();
  readonly #events: AsyncIterator<WatchWorkloadsResponse>;
  readonly #patienceMs: number;

  constructor(stage: ApiStage, request: Parameters<AgentClient["watchWorkloads"]>[0]) {
    this.#patienceMs = stage.subject.patienceMs;
    const { signal } = this.#cancelling;
    const events = stage.client.watchWorkloads(request, { signal });
    this.#events = events[Symbol.asyncIterator]();
  }

  /** The events up to the end of the beginning, which is the last of them. */
  untilSynced(): Promise<readonly WatchWorkloadsResponse[]> {
    return this.until(({ event }) => event.case === "synced");
  }

  /** The next events up to the first that `isLast`, included. @throws {ContractViolation} when it does not come. */
  async until(
    isLast: (event: WatchWorkloadsResponse) => boolean,
  ): Promise<readonly WatchWorkloadsResponse[]> {
    const seen: WatchWorkloadsResponse[] = [];
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new ContractViolation("the watch tells of it in time", { seen })),
      this.#patienceMs,
    );
    try {
      for (;;) {
        const next = await Promise.race([this.#events.next(), late.promise]);
        if (next.done === true)
          throw new ContractViolation("a watch does not end by itself", { seen });
        seen.push(next.value);
        if (isLast(next.value)) return seen;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Cancels the watch and resolves when it has ended. May be repeated. */
  async cancel(): Promise<void> {
    this.#cancelling.abort();
    try {
      for (;;) if ((await this.#events.next()).done === true) return;
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== Code.Canceled) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }
}
