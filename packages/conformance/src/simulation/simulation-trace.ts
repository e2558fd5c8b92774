import type { Clock } from "@persys/core";

/** What happens in a simulated life, a line each, or nothing when nobody wants to read it. */
export class SimulationTrace {
  readonly lines: string[] = [];
  readonly isWanted: boolean;
  readonly #clock: Pick<Clock, "monotonicMs">;

  constructor(isWanted: boolean, clock: Pick<Clock, "monotonicMs">) {
    this.isWanted = isWanted;
    this.#clock = clock;
  }

  /** Adds a line under the time that it is. `who`: a workload, or empty. */
  say(who: string, what: string): void {
    if (!this.isWanted) return;
    const seconds = (this.#clock.monotonicMs() / 1_000).toFixed(3).padStart(9);
    this.lines.push(`${seconds}  ${who.padEnd(6)}  ${what}`);
  }
}
