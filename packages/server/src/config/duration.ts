import { type OptionType, type Read, scalarText } from "./option-type.ts";

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * `text` in milliseconds: numbers with units, largest first or in any order, such as `30s`, `1h30m`, `1.5s`, or a bare `0`. Undefined when
 * it is anything else: a bare number is refused, since seconds, milliseconds and nanoseconds are all somebody's habit.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (unitsMs[unit] ?? Number.NaN);
  }
  return Math.round(totalMs);
}

/** `durationMs` as a person writes it, in as few whole units as it takes: 90000 is `1m30s`. */
export function formatDuration(durationMs: number): string {
  let restMs = durationMs;
  let text = "";
  for (const [unit, sizeMs] of Object.entries(unitsMs).toReversed()) {
    const amount = Math.floor(restMs / sizeMs);
    restMs -= amount * sizeMs;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === "" ? "0" : text;
}

/** A duration from `minMs` to `maxMs`, in milliseconds. */
export function duration(minMs: number, maxMs: number): OptionType<number> {
  const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return {
    name: `duration, ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
    read: (input): Read<number> => {
      const text = scalarText(input) ?? "";
      const value = parseDurationMs(text);
      if (value !== undefined && value >= minMs && value <= maxMs) return { ok: true, value };
      const hint =
        /^\d+$/.test(text) && text !== "0" ? `; write ${text}s if seconds are meant` : "";
      return {
        ok: false,
        rule: `must be a duration with a unit, such as 30s or 5m, ${range}${hint}`,
      };
    },
    write: formatDuration,
  };
}
