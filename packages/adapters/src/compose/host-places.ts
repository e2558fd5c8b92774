import { CommandPlaces } from "./command-places.ts";

/** How many may do something at once, and how many may wait for it. */
export interface PlacesMax {
  readonly places: number;
  readonly waiting: number;
}

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
   * @throws {AgentError} LIMIT_EXCEEDED, retryable, where too many wait already; the signal's reason when it aborts before; what `work` throws.
   */
  async run<T>(host: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
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

  #newPlaces(host: string): CommandPlaces {
    const { places, waiting } = this.#ofEach;
    return new CommandPlaces(places, waiting, `${this.#what} from ${host}`);
  }
}
