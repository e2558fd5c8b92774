import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** What made a lane look: an event of the runtime, a list of what it has, or a look of its own at a time. */
export type HintSource = "event" | "list" | "timer";

interface Drift {
  readonly source: HintSource;
  /** Monotonic. */
  readonly sinceMs: number;
  /** When the last step that set it right had ended; undefined before. Monotonic. */
  doneMs?: number;
  counted: boolean;
}

/** Counts what nobody asked for and had to be set right, and measures how long that took from the first hint of it. */
export class DriftWatch {
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  #drift: Drift | undefined;

  constructor({ clock, telemetry }: { readonly clock: Clock; readonly telemetry: Telemetry }) {
    this.#clock = clock;
    this.#telemetry = telemetry;
  }

  /** Something may have changed. Only the first hint counts. */
  hinted(source: HintSource): void {
    this.#drift ??= { source, sinceMs: this.#clock.monotonicMs(), counted: false };
  }

  /** A step is taken that no request asked for. */
  stepped(runtimeType: string): void {
    this.hinted("timer");
    if (this.#drift === undefined || this.#drift.counted) return;
    this.#drift.counted = true;
    const { source } = this.#drift;
    this.#telemetry.count("drift_detected_total", { source, runtime_type: runtimeType });
  }

  /** A step has succeeded. */
  succeeded(): void {
    if (this.#drift?.counted === true) this.#drift.doneMs = this.#clock.monotonicMs();
  }

  /** There is nothing to do any more. */
  settled(runtimeType: string): void {
    const drift = this.#drift;
    this.#drift = undefined;
    if (drift?.doneMs === undefined) return;
    const labels = { source: drift.source, runtime_type: runtimeType };
    const seconds = (drift.doneMs - drift.sinceMs) / 1_000;
    this.#telemetry.measure("convergence_lag_seconds", seconds, labels);
  }

  /** A request decides from now on what is to be. */
  forget(): void {
    this.#drift = undefined;
  }
}
