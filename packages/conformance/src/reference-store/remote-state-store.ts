import { AgentError, type StateStore, type StoredState, type Write } from "@persys/core";

/** A server that can be away. */
export interface SimulatedServer {
  isUp: boolean;
}

/** A store that another one keeps on a server. */
export type RemoteStoreClass = new (inner: StateStore, server: SimulatedServer) => StateStore;

/** What `inner` is, behind a server: while that is away nothing is written and nothing acknowledged. */
export class RemoteStateStore implements StateStore {
  protected readonly inner: StateStore;
  protected readonly server: SimulatedServer;

  constructor(inner: StateStore, server: SimulatedServer) {
    this.inner = inner;
    this.server = server;
  }

  open(signal: AbortSignal): Promise<StoredState> {
    return this.inner.open(signal);
  }

  async commit(batch: readonly Write[]): Promise<void> {
    if (!this.server.isUp) throw away("none");
    await this.inner.commit(batch);
    // It was stored, but the answer is lost.
    if (!this.server.isUp) throw away("unknown");
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

function away(effect: "none" | "unknown"): AgentError {
  const options = { effect, retryable: true } as const;
  return new AgentError("STORE_UNAVAILABLE", "the server is away", options);
}
