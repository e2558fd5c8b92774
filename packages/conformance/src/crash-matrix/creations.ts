import type { WorkloadRecord } from "@persys/core";
import type { CrashWorld } from "./crash-world.ts";

/** What was asked for in one generation of a record, as it was stored. */
export interface StoredWish {
  /** Which creation of the id: 1 for the first. */
  readonly creation: number;
  readonly generation: number;
  /** Wanted state and revision, and what waits for a deletion, in words. */
  readonly wish: string;
}

/** Watches what is stored of each workload: which creations and generations there were, and what each asked for. */
export class Creations {
  readonly #world: CrashWorld;
  readonly #uids = new Map<string, string[]>();
  readonly #wishes = new Map<string, StoredWish[]>();

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  /** Takes note of what is stored of an id now. */
  note(id: string): void {
    const record = this.#world.record(id);
    if (record === undefined) return;
    const { generation, uid, next } = record;
    const wish = wishText(record);
    const creation = this.numberOf(id, uid);
    if (next !== undefined) this.numberOf(id, next.uid);
    const wishes = this.#wishes.get(id) ?? [];
    const last = wishes.at(-1);
    if (last?.creation === creation && last.generation === generation && last.wish === wish) return;
    this.#wishes.set(id, [...wishes, { creation, generation, wish }]);
  }

  /** All that was stored of each id of which anything was, in order, each once. */
  wishes(): Readonly<Record<string, readonly StoredWish[]>> {
    return Object.fromEntries(this.#wishes);
  }

  /** Which creation of the id has this uid: 1 for the first that was stored. */
  numberOf(id: string, uid: string): number {
    const uids = this.#uids.get(id) ?? [];
    this.#uids.set(id, uids);
    const at = uids.indexOf(uid);
    return at < 0 ? uids.push(uid) : at + 1;
  }
}

function wishText({ desired, wanted, next }: WorkloadRecord): string {
  const behind = next === undefined ? "" : `, then ${next.desired} ${next.wanted.revisionId}`;
  return `${desired} ${wanted.revisionId}${behind}`;
}
