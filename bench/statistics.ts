/** What a set of samples says: middle, tail, and how far the samples lie from the middle. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  /** Median of the distances to the median. */
  readonly mad: number;
  readonly samples: number;
}

/** The smallest sample that at least `fraction` (0 to 1) of the samples do not exceed. NaN of none. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}

export function spreadOf(samples: readonly number[]): Spread {
  const p50 = quantile(samples, 0.5);
  const distances = samples.map((it) => Math.abs(it - p50));
  return {
    p50,
    p95: quantile(samples, 0.95),
    mad: quantile(distances, 0.5),
    samples: samples.length,
  };
}
