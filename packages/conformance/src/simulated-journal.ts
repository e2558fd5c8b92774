/** The calls that change something in a simulated world. */
export type SimulatedOperation =
  | "prepare"
  | "start"
  | "replace"
  | "retire"
  | "restore"
  | "stop"
  | "remove";

/** One changing call, as the world saw it. */
export interface JournalEntry {
  readonly op: SimulatedOperation;
  readonly id: string;
  /** Empty for calls that name no revision. */
  readonly revisionId: string;
  /** When it began, wall time by the world's clock. */
  readonly atMs: number;
  /** `lost`: the runtime was crashed before it ended. */
  outcome: "under way" | "done" | "failed" | "aborted" | "lost";
}

/**
 * What was asked of a simulated world, in order, and whether that kept the promises made to a runtime: one changing call at a time for one
 * id. Entries beyond the bound push out the oldest; the counts go on.
 */
export class SimulatedJournal {
  readonly #entriesMax: number;
  readonly #violations: string[];
  readonly #underWay = new Map<string, JournalEntry>();
  #entries: JournalEntry[] = [];
  #counts = new Map<SimulatedOperation, number>();

  constructor(entriesMax: number, violations: string[]) {
    this.#entriesMax = entriesMax;
    this.#violations = violations;
  }

  /** The latest changing calls, oldest first. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** The entries of one workload as text, such as `start r1`, in order: easy to compare. */
  of(id: string): readonly string[] {
    return this.#entries
      .filter((it) => it.id === id)
      .map((it) => (it.revisionId === "" ? it.op : `${it.op} ${it.revisionId}`));
  }

  /** Whether a changing call for the workload is under way. */
  isBusy(id: string): boolean {
    return this.#underWay.has(id);
  }

  /** How many changing calls there were, of one kind or of all. */
  count(op?: SimulatedOperation): number {
    if (op !== undefined) return this.#counts.get(op) ?? 0;
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }

  /** Forgets what was; calls under way stay watched. */
  clear(): void {
    this.#entries = [];
    this.#counts = new Map();
  }

  /** Notes that a call begins. Another one under way for the same id is a violation. */
  begin(entry: JournalEntry): void {
    const other = this.#underWay.get(entry.id);
    if (other !== undefined) {
      this.#violations.push(`${entry.op} of ${entry.id} began while ${other.op} was under way`);
    }
    this.#underWay.set(entry.id, entry);
    this.#counts.set(entry.op, this.count(entry.op) + 1);
    this.#entries.push(entry);
    // Cut in large pieces, so that the cost for each entry stays constant.
    if (this.#entries.length >= 2 * this.#entriesMax) {
      this.#entries = this.#entries.slice(-this.#entriesMax);
    }
  }

  /** Notes how a call ended. */
  end(entry: JournalEntry, outcome: JournalEntry["outcome"]): void {
    entry.outcome = outcome;
    if (this.#underWay.get(entry.id) === entry) this.#underWay.delete(entry.id);
  }
}
