import type { Glance, Observation, WorkloadId } from "@persys/core";

/** So many different finds of one workload are kept. */
const findsMax = 40;
const absent = "";

/** What looks have found, and in which order they began, so that of two observations it can be said which is the fresher. */
export class Looks {
  readonly #finds = new Map<string, Map<string, number>>();
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

  /** Takes what a look at one workload has found. */
  note(id: WorkloadId, look: number, observation: Observation): void {
    this.#lastAt.set(id, Math.max(look, this.lastAt(id)));
    this.#readable.set(id, observation.kind !== "unreadable");
    if (observation.kind !== "unreadable") this.#add(id, keyOf(observation), look);
  }

  /** Takes what a list has found: whatever is not in it is absent. */
  noteList(look: number, glances: ReadonlyMap<WorkloadId, Glance>): void {
    this.#hasListed = true;
    this.#lastList = Math.max(this.#lastList, look);
    this.#readable.clear();
    for (const id of this.#finds.keys()) {
      if (!glances.has(id as WorkloadId)) this.#add(id, absent, look);
    }
    for (const [id, glance] of glances) this.#add(id, glance, look);
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

  /** The number of the last look that found this; undefined when none did. */
  lastOf(id: string, observation: Observation): number | undefined {
    return this.#finds.get(id)?.get(keyOf(observation));
  }

  #add(id: string, key: string, look: number): void {
    let finds = this.#finds.get(id);
    if (finds === undefined) {
      finds = new Map();
      this.#finds.set(id, finds);
    }
    const before = finds.get(key) ?? 0;
    // So that the latest find comes last.
    finds.delete(key);
    finds.set(key, Math.max(before, look));
    if (finds.size <= findsMax) return;
    for (const oldest of finds.keys()) {
      finds.delete(oldest);
      break;
    }
  }
}

function keyOf(observation: Observation): string {
  return observation.kind === "present" ? observation.glance : absent;
}
