import { setTimeout as pause } from "node:timers/promises";
import type { CrashStage } from "./crash-stage.ts";

/** Between two looks: short against the time that a replacement takes. */
const lookEveryMs = 100;

/** Looks at stages again and again, and notes every workload that is up twice at the same moment. */
export class Overlaps {
  readonly #stages: readonly CrashStage[];
  readonly #seen: string[] = [];
  readonly #end: AbortController = new AbortController();
  readonly #watching: Promise<void>;
  #looks = 0;

  private constructor(stages: readonly CrashStage[]) {
    this.#stages = stages;
    this.#watching = this.#watch();
    // What it fails with is thrown by end().
    this.#watching.catch(() => undefined);
  }

  static watch(stages: readonly CrashStage[]): Overlaps {
    return new Overlaps(stages);
  }

  /** How often it has looked. */
  get looks(): number {
    return this.#looks;
  }

  /** Ends the watch, and resolves with what was up twice. @throws what a look failed with. May be repeated. */
  async end(): Promise<readonly string[]> {
    this.#end.abort();
    await this.#watching;
    return this.#seen;
  }

  async #watch(): Promise<void> {
    while (!this.#end.signal.aborted) {
      for (const stage of this.#stages) this.#note((await stage.live()).map((it) => it.id));
      this.#looks += 1;
      await pause(lookEveryMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  #note(ids: readonly string[]): void {
    for (const [at, id] of ids.entries())
      if (ids.indexOf(id) !== at) this.#seen.push(`${id} at look ${this.#looks}`);
  }
}
