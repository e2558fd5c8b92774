import { AgentError, type Clock, type RuntimeEvent } from "@persys/core";
import type { EventTrouble } from "./life.ts";

/** How events are delivered, and who counts what goes wrong. */
export interface EventWeather {
  /** What goes wrong with events now; undefined: nothing. */
  readonly trouble: () => EventTrouble | undefined;
  /** From 0 to 1, for the next event. */
  readonly fraction: () => number;
  readonly onTrouble: (trouble: EventTrouble) => void;
  /** The agent hears of something. */
  readonly onHeard: (event: RuntimeEvent) => void;
}

const lateMs = 3_000;

/** The events of a runtime as one agent hears them: lost, repeated, late or not at all, as the weather is. */
export class EventLine {
  readonly #clock: Clock;
  readonly #weather: EventWeather;
  readonly #open = new Set<Ear>();

  constructor(clock: Clock, weather: EventWeather) {
    this.#clock = clock;
    this.#weather = weather;
  }

  /** How many streams are open. */
  get listeners(): number {
    return this.#open.size;
  }

  /** Listens to `source` from the moment of the call. */
  listen(
    source: (signal: AbortSignal) => AsyncIterable<RuntimeEvent>,
    signal: AbortSignal,
  ): AsyncIterable<RuntimeEvent> {
    const inner = new AbortController();
    const ear: Ear = { queue: [], inner, isSilent: false, error: undefined, wake: () => {} };
    this.#open.add(ear);
    const stream = source(inner.signal);
    void this.#hear(stream, ear);
    return this.#read(ear, signal);
  }

  /** Breaks every open stream. */
  breakOff(): void {
    const error = new AgentError("RUNTIME_UNAVAILABLE", "the stream of events broke", {
      retryable: true,
      effect: "none",
    });
    for (const ear of this.#open) fail(ear, error);
  }

  /** Ends every stream without a word: nobody listens any more. */
  die(): void {
    for (const ear of this.#open) ear.inner.abort(over);
    this.#open.clear();
  }

  async #hear(stream: AsyncIterable<RuntimeEvent>, ear: Ear): Promise<void> {
    try {
      for await (const event of stream) this.#pass(event, ear);
    } catch (error) {
      fail(ear, error);
    }
  }

  #pass(event: RuntimeEvent, ear: Ear): void {
    const trouble = this.#weather.trouble();
    if (ear.isSilent) return this.#weather.onTrouble("silent");
    if (trouble === undefined) return this.#push(ear, event);
    this.#weather.onTrouble(trouble);
    switch (trouble) {
      case "lost":
        return;
      case "repeated":
        this.#push(ear, event);
        return this.#push(ear, event);
      case "late":
        return this.#later(lateMs, event, ear);
      case "in another order":
        return this.#later(Math.floor(this.#weather.fraction() * lateMs), event, ear);
      case "silent":
        ear.isSilent = true;
        return;
      case "broken":
        return this.breakOff();
    }
  }

  #later(delayMs: number, event: RuntimeEvent, ear: Ear): void {
    this.#clock.schedule(delayMs, () => this.#push(ear, event));
  }

  #push(ear: Ear, event: RuntimeEvent): void {
    if (!this.#open.has(ear)) return;
    this.#weather.onHeard(event);
    ear.queue.push(event);
    ear.wake();
  }

  async *#read(ear: Ear, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    const close = (): void => {
      ear.inner.abort(over);
      this.#open.delete(ear);
    };
    // A reader that has gone may never ask for the next event.
    const onAbort = (): void => {
      close();
      ear.wake();
    };
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const event = ear.queue.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        if (ear.error !== undefined) throw AgentError.from(ear.error);
        await new Promise<void>((resolve) => (ear.wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      ear.inner.abort(over);
      this.#open.delete(ear);
    }
  }
}

interface Ear {
  readonly queue: RuntimeEvent[];
  readonly inner: AbortController;
  isSilent: boolean;
  error: unknown;
  /** Ends the reader's sleep, if it sleeps. */
  wake: () => void;
}

/** Made once: an abort without a reason makes a new one each time. */
const over = new Error("nobody listens any more");

function fail(ear: Ear, error: unknown): void {
  ear.error ??= error;
  ear.inner.abort(over);
  ear.wake();
}
