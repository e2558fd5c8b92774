import {
  type AgentError,
  assert,
  type Clock,
  type RuntimeEvent,
  type WorkloadId,
} from "@persys/core";

/** An event stream that is this far behind has lost its reader: a leak in what is tested. */
const queueMax = 1_000_000;

interface Subscriber {
  readonly queue: RuntimeEvent[];
  readonly signal: AbortSignal;
  error: AgentError | undefined;
  /** Ends the reader's sleep, if it sleeps. */
  wake: () => void;
}

/** How the events of a simulated world are delivered. */
export interface EventDelivery {
  /** Nothing is delivered. */
  readonly drop?: boolean;
  /** Every event comes so many times, default 1. */
  readonly copies?: number;
  /** Every event comes so much later, by the world's clock. */
  readonly delayMs?: number;
}

/** Hands the events of a simulated world to those who listen, as well or as badly as it is told. */
export class SimulatedEvents {
  readonly #clock: Clock;
  readonly #subscribers = new Set<Subscriber>();
  #delivery: EventDelivery = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many streams are open: 0 once everyone who listened has stopped. */
  get listeners(): number {
    return this.#subscribers.size;
  }

  /** Sets how events are delivered from now on; `{}`: at once, each one time. */
  deliver(delivery: EventDelivery): void {
    this.#delivery = delivery;
  }

  /** Sends a hint, as the world does by itself after every change. `id` undefined: anything may have changed. */
  emit(id: WorkloadId | undefined, what: string): void {
    const { drop = false, copies = 1, delayMs = 0 } = this.#delivery;
    if (drop || this.#subscribers.size === 0) return;
    const event: RuntimeEvent = { id, what };
    const send = (): void => {
      for (let copy = 0; copy < copies; copy += 1) this.#send(event);
    };
    if (delayMs > 0) this.#clock.schedule(delayMs, send);
    else send();
  }

  /** Breaks every open stream with `error`. */
  breakOff(error: AgentError): void {
    for (const subscriber of this.#subscribers) {
      subscriber.error = error;
      subscriber.wake();
    }
    this.#subscribers.clear();
  }

  /** Listens from the moment of the call, not from the first read. */
  subscribe(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const subscriber: Subscriber = { queue: [], signal, error: undefined, wake: () => {} };
    if (!signal.aborted) this.#subscribers.add(subscriber);
    return this.#read(subscriber);
  }

  async *#read(subscriber: Subscriber): AsyncGenerator<RuntimeEvent> {
    const { signal } = subscriber;
    const onAbort = (): void => subscriber.wake();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const batch = subscriber.queue.splice(0);
        yield* batch;
        if (batch.length > 0) continue;
        if (subscriber.error !== undefined) throw subscriber.error;
        await new Promise<void>((resolve) => {
          subscriber.wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#subscribers.delete(subscriber);
    }
  }

  #send(event: RuntimeEvent): void {
    for (const subscriber of this.#subscribers) {
      if (subscriber.signal.aborted) this.#subscribers.delete(subscriber);
      subscriber.queue.push(event);
      assert(subscriber.queue.length <= queueMax, "a reader of events does not keep up");
      subscriber.wake();
    }
  }
}
