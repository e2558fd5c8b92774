import type { Observation, WorkloadId } from "@persys/core";

/** What looks have found, and in which order they were made, so that of two observations it can be said which is the fresher. */
export class Looks {
  /** The look at one workload that an observation comes from: each look has handed out one of its own. */
  readonly #lookOf = new WeakMap<Observation, { readonly id: string; readonly look: number }>();
  /** Whether the last look at a workload has found out what exists; without an entry the last list tells. */
  readonly #readable = new Map<string, boolean>();
  readonly #lastAt = new Map<string, number>();
  #hasListed = false;
  #begun = 0;
  #lastList = 0;

  /** The number of the last look that has begun. */
  get begun(): number {
    return this.#begun;
  }

  /** The number of the last list that succeeded. */
  get lastList(): number {
    return this.#lastList;
  }

  /** Numbers a look that begins. */
  begin(): number {
    this.#begun += 1;
    return this.#begun;
  }

  /** Takes what a look at one workload has found: the very object that whoever looked is given, and nobody else. */
  note(id: WorkloadId, look: number, observation: Observation): void {
    this.#lastAt.set(id, Math.max(look, this.lastAt(id)));
    this.#readable.set(id, observation.kind !== "unreadable");
    if (observation.kind !== "unreadable") this.#lookOf.set(observation, { id, look });
  }

  /** Takes that a list was made: of everything that is or is not in it, it is known now whether it exists. */
  noteList(look: number): void {
    this.#hasListed = true;
    this.#lastList = Math.max(this.#lastList, look);
    this.#readable.clear();
  }

  /** Another agent begins: it has seen nothing yet. */
  forget(): void {
    this.#readable.clear();
    this.#hasListed = false;
  }

  /** Whether the agent knows what exists of the workload: its last look at it, or its last list since, succeeded. */
  isReadable(id: string): boolean {
    return this.#readable.get(id) ?? this.#hasListed;
  }

  /** The number of the last look at the workload alone; 0 before the first. */
  lastAt(id: string): number {
    return this.#lastAt.get(id) ?? 0;
  }

  /** The number of the look at the workload that this observation comes from; undefined when it comes from none. */
  lookOf(id: string, observation: Observation): number | undefined {
    const from = this.#lookOf.get(observation);
    return from?.id === id ? from.look : undefined;
  }
}
