import { AgentError } from "@persys/core";
import { CommandPlaces } from "./command-places.ts";

/** How many may do something at once, and how many may wait for it. */
export interface PlacesMax {
  readonly places: number;
  readonly waiting: number;
}

/** Who found no place in time comes back after so long, in milliseconds. */
const againAfterMs = 5_000;

/** Places for work that speaks to hosts: a few for each host, so that one that is slow keeps none from another, and a bounded number for all. */
export class HostPlaces {
  readonly #ofEach: PlacesMax;
  readonly #what: string;
  readonly #all: CommandPlaces;
  readonly #hosts = new Map<string, { readonly places: CommandPlaces; users: number }>();

  /** `what` does the waiting, for people: `compose files wait to be judged`. */
  constructor(ofEach: PlacesMax, ofAll: PlacesMax, what: string) {
    this.#ofEach = ofEach;
    this.#what = what;
    this.#all = new CommandPlaces(ofAll.places, ofAll.waiting, what);
  }

  /**
   * Does `work` once there is a place for it among those of its host, and among all.
   * @throws {AgentError} LIMIT_EXCEEDED, retryable, where too many wait already, or there is no place within `waitMsMax`; the signal's reason when
   * it aborts before; what `work` throws.
   */
  async run<T>(
    host: string,
    work: () => Promise<T>,
    signal: AbortSignal,
    waitMsMax?: number,
  ): Promise<T> {
    if (waitMsMax === undefined) return this.#enter(host, work, signal);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(this.#tooBusy(host, waitMsMax)), waitMsMax);
    const inPlace = (): Promise<T> => {
      clearTimeout(timer);
      return work();
    };
    try {
      return await this.#enter(host, inPlace, AbortSignal.any([signal, patience.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #enter<T>(host: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const known = this.#hosts.get(host) ?? { places: this.#newPlaces(host), users: 0 };
    this.#hosts.set(host, known);
    known.users += 1;
    try {
      return await known.places.run(() => this.#all.run(work, signal), signal);
    } finally {
      known.users -= 1;
      if (known.users === 0) this.#hosts.delete(host);
    }
  }

  #tooBusy(host: string, waitMs: number): AgentError {
    const message = `${this.#what} from ${host} for more than ${waitMs} ms: tried again later`;
    return new AgentError("LIMIT_EXCEEDED", message, {
      retryable: true,
      effect: "none",
      fault: "system",
      retryAfterMs: againAfterMs,
    });
  }

  #newPlaces(host: string): CommandPlaces {
    const { places, waiting } = this.#ofEach;
    return new CommandPlaces(places, waiting, `${this.#what} from ${host}`);
  }
}
