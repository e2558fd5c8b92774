import type { WorkloadId } from "../domain/workload-id.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import type { WatchEvent, WatchOptions } from "../ports/agent-api.ts";
import type { Clock } from "../ports/clock.ts";

/** Where the hub reads the present from. */
interface WatchSource {
  readonly statuses: (filter: WatchOptions) => readonly WorkloadStatus[];
  readonly status: (id: WorkloadId) => WorkloadStatus | undefined;
}

/** Bounds and identity of the hub. */
export interface WatchHubOptions {
  readonly epoch: number;
  readonly bufferMax: number;
  readonly watchersMax: number;
  readonly clock: Clock;
  readonly source: WatchSource;
}

interface Change {
  readonly seq: number;
  readonly id: WorkloadId;
  /** Set when the workload was forgotten. */
  readonly goneUid: string | undefined;
}

interface Watcher {
  readonly filter: WatchOptions;
  readonly queue: WatchEvent[];
  /** Ids delivered as matching; one that stops to match is delivered once more, as deleted from the view. Undefined: all match. */
  readonly known: Map<WorkloadId, string> | undefined;
  failure: AgentError | undefined;
  wake: () => void;
  stopBookmarks: () => void;
}

const bookmarkEveryMs = 30_000;

/** Delivers every change of a status to every watcher, in order, or disconnects the watcher; it never skips one. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #watchers: Set<Watcher> = new Set();
  readonly #recent: Change[] = [];
  #seq = 0;
  #closed: AgentError | undefined;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  /** How many watch now. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Says that a status changed, or with `goneUid` that the workload was forgotten. */
  publish(id: WorkloadId, goneUid?: string): void {
    this.#seq += 1;
    this.#recent.push({ seq: this.#seq, id, goneUid });
    if (this.#recent.length > this.#options.bufferMax)
      this.#recent.splice(0, this.#recent.length - this.#options.bufferMax / 2);
    if (this.#watchers.size === 0) return;
    const status = goneUid === undefined ? this.#options.source.status(id) : undefined;
    for (const watcher of this.#watchers)
      this.#offer(watcher, { id, goneUid, status, kind: "changed" });
  }

  /** Ends every watch with this error; later ones fail with it at once. */
  close(error: AgentError): void {
    this.#closed = error;
    for (const watcher of this.#watchers) this.#disconnect(watcher, error);
  }

  /** The events for one watcher; see `AgentApi.watch`. */
  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#watchers.size >= this.#options.watchersMax) {
      throw new AgentError(
        "LIMIT_EXCEEDED",
        `no more than ${this.#options.watchersMax} watches at a time: try again later`,
        { retryable: true, effect: "none" },
      );
    }
    const watcher: Watcher = {
      filter: options,
      queue: [],
      known: isSelective(options) ? new Map() : undefined,
      failure: undefined,
      wake: () => {},
      stopBookmarks: () => {},
    };
    const opening = this.#opening(watcher, options.resumeToken);
    this.#watchers.add(watcher);
    watcher.stopBookmarks = this.#bookmarks(watcher);
    const leave = (): void => this.#drop(watcher);
    // A reader that has gone may never ask for the next event.
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    try {
      yield* opening;
      while (!signal.aborted) {
        const event = watcher.queue.shift();
        if (event !== undefined) yield event;
        else if (watcher.failure !== undefined) throw watcher.failure;
        else await new Promise<void>((resolve) => (watcher.wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", leave);
      leave();
    }
  }

  #opening(watcher: Watcher, resumeToken: string | undefined): readonly WatchEvent[] {
    const since = this.#knownToken(resumeToken);
    const events: WatchEvent[] = [];
    const present = this.#options.source
      .statuses(watcher.filter)
      .filter((it) => isMeant(it, watcher.filter));
    for (const status of present) watcher.known?.set(status.id, status.uid);
    const resumeFrom = this.#token();
    if (since === undefined) {
      for (const status of present) events.push({ kind: "snapshot", status, resumeToken: "" });
    } else {
      events.push(...this.#changesSince(watcher, since));
    }
    events.push({ kind: "synced", fresh: since === undefined, resumeToken: resumeFrom });
    return events;
  }

  #changesSince(watcher: Watcher, since: number): readonly WatchEvent[] {
    const last = new Map<WorkloadId, Change>();
    const gone: WatchEvent[] = [];
    for (const change of this.#recent) {
      if (change.seq <= since) continue;
      last.set(change.id, change);
      if (change.goneUid !== undefined)
        gone.push({
          kind: "deleted",
          id: change.id,
          uid: change.goneUid,
          resumeToken: this.#token(),
        });
    }
    const changed: WatchEvent[] = [];
    for (const id of last.keys()) {
      const status = this.#options.source.status(id);
      if (status === undefined) continue;
      if (isMeant(status, watcher.filter))
        changed.push({ kind: "changed", status, resumeToken: this.#token() });
      // It may have passed the filter when the reader left.
      else gone.push({ kind: "deleted", id, uid: status.uid, resumeToken: this.#token() });
    }
    const only = watcher.filter.id;
    return [
      ...gone.filter((it) => it.kind === "deleted" && (only === undefined || it.id === only)),
      ...changed,
    ];
  }

  #offer(
    watcher: Watcher,
    change: {
      readonly id: WorkloadId;
      readonly goneUid: string | undefined;
      readonly status: WorkloadStatus | undefined;
      readonly kind: "changed";
    },
  ): void {
    if (watcher.failure !== undefined) return;
    const { id, status, goneUid } = change;
    if (status !== undefined && isMeant(status, watcher.filter)) {
      watcher.known?.set(id, status.uid);
      this.#enqueue(watcher, { kind: "changed", status, resumeToken: this.#token() });
      return;
    }
    const uid = watcher.known === undefined ? goneUid : watcher.known.get(id);
    if (uid === undefined) return;
    watcher.known?.delete(id);
    this.#enqueue(watcher, { kind: "deleted", id, uid, resumeToken: this.#token() });
  }

  #enqueue(watcher: Watcher, event: WatchEvent): void {
    if (watcher.queue.length >= this.#options.bufferMax) {
      const message = `the watch is ${this.#options.bufferMax} changes behind: read faster, and resume`;
      const options = { retryable: true, effect: "none" } as const;
      return this.#disconnect(watcher, new AgentError("LIMIT_EXCEEDED", message, options));
    }
    watcher.queue.push(event);
    watcher.wake();
  }

  /** Ends a watch once its reader has read what was there before. Whether it ever does, its place is free from now on. */
  #disconnect(watcher: Watcher, error: AgentError): void {
    watcher.failure = error;
    this.#drop(watcher);
  }

  #drop(watcher: Watcher): void {
    watcher.stopBookmarks();
    this.#watchers.delete(watcher);
    watcher.wake();
  }

  #bookmarks(watcher: Watcher): () => void {
    let stop = (): void => {};
    const again = (): void => {
      if (watcher.queue.length === 0)
        this.#enqueue(watcher, { kind: "bookmark", resumeToken: this.#token() });
      stop = this.#options.clock.schedule(bookmarkEveryMs, again);
    };
    stop = this.#options.clock.schedule(bookmarkEveryMs, again);
    return () => stop();
  }

  #token(): string {
    return `${this.#options.epoch}.${this.#seq}`;
  }

  #knownToken(token: string | undefined): number | undefined {
    const match = token === undefined ? null : /^(\d{1,15})\.(\d{1,15})$/.exec(token);
    if (match === null || Number(match[1]) !== this.#options.epoch) return undefined;
    const seq = Number(match[2]);
    const oldest = this.#recent[0]?.seq ?? this.#seq + 1;
    return seq > this.#seq || seq < oldest - 1 ? undefined : seq;
  }
}

function isSelective(filter: WatchOptions): boolean {
  return [filter.id, filter.type, filter.states, filter.labels].some((it) => it !== undefined);
}

/** Whether a status passes a filter. */
export function isMeant(status: WorkloadStatus, filter: WatchOptions): boolean {
  if (filter.id !== undefined && status.id !== filter.id) return false;
  if (filter.type !== undefined && status.type !== filter.type) return false;
  if (
    filter.states !== undefined &&
    filter.states.length > 0 &&
    !filter.states.includes(status.actual)
  )
    return false;
  return Object.entries(filter.labels ?? {}).every(([key, value]) => status.labels[key] === value);
}
