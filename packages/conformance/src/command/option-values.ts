import { InvalidArgumentError } from "commander";

/** Collects an option that may be given several times, each time as a list with commas. */
export function collectList(value: string, before: readonly string[] = []): readonly string[] {
  const words = value.split(",").map((part) => part.trim());
  return [...before, ...words.filter((word) => word !== "")];
}

/** A whole number from `least` up. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= 0x7fff_ffff) return number;
    throw new InvalidArgumentError(`it must be a whole number from ${least} up.`);
  };
}

/** A seed: a whole number of 32 bits. */
export function seedNumber(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number <= 0xffff_ffff) return number;
  throw new InvalidArgumentError("a seed is a whole number up to 4294967295.");
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time longer than none, in milliseconds. */
export function timeMs(value: string): number {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? [];
  const ms = Math.round(Number(amount) * (unitMs[unit] ?? 0));
  if (amount !== undefined && ms > 0 && ms <= 0x7fff_ffff) return ms;
  throw new InvalidArgumentError("a time is given as 90, 90s, 5m or 500ms.");
}
