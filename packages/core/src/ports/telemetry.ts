/** Labels of a measurement. Few values each. */
export type TelemetryLabels = Readonly<Record<string, string>>;

/** Where the engine reports what it counts and measures. Never throws, never blocks. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: string, labels?: TelemetryLabels, by?: number): void;
  /** Records one measurement of a distribution; durations are in seconds. */
  measure(name: string, value: number, labels?: TelemetryLabels): void;
  /** Sets a gauge. */
  gauge(name: string, value: number, labels?: TelemetryLabels): void;
}

/** Telemetry that goes nowhere. */
export const noTelemetry: Telemetry = { count: () => {}, measure: () => {}, gauge: () => {} };
