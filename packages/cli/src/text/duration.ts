const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * The milliseconds of a duration such as `90`, `90s`, `5m`, `1h30m`, `1.5h` or `250ms`; a bare number is in seconds. Undefined when `text`
 * is no duration.
 */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  }
  return Math.round(totalMs);
}

/** A moment in Unix milliseconds: a duration before `nowMs`, or a time such as `2026-01-31T08:00:00Z`. Undefined when it is neither. */
export function parseMoment(text: string, nowMs: number): number | undefined {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return nowMs - durationMs;
  if (!/^\d{4}-\d\d-\d\d(?:[Tt ]|$)/.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/**
 * A span of time as a person reads it, never more than two units and only as exact as its size warrants: `45s`, `3m20s`, `25m`, `5h10m`,
 * `30h`, `6d4h`, `90d`, `3y40d`. Negative spans, which clocks that differ produce, count as none.
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(`${minutes}m`, seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(`${hours}h`, minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(`${days}d`, hours % 24, "h");
  if (days < 730) return `${days}d`;
  return two(`${Math.floor(days / 365)}y`, days % 365, "d");
}

function two(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first}${rest}${unit}`;
}

/** A moment as RFC 3339 to the second (`2026-01-31T08:00:00Z`); empty for 0, which the contract uses for "never". */
export function rfc3339(atMs: number): string {
  return atMs === 0 ? "" : new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
}
