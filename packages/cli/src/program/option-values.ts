import { InvalidArgumentError } from "commander";
import { parseDuration } from "../text/duration.ts";

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** As {@link collect}, each value a list with commas. */
export function collectList(value: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...value
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  ];
}

/** Collects `key=value` pairs. */
export function collectLabels(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const pairs = value.split(",").map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new InvalidArgumentError(`a label is given as key=value, not "${pair}".`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return { ...before, ...Object.fromEntries(pairs) };
}

/** Collects `NAME=value`, the value as it is. */
export function collectVariables(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError(`a variable is given as NAME=value, not "${value}".`);
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

/** A duration longer than none, in milliseconds. */
export function timeoutMs(value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0 || ms > 0x7fff_ffff) {
    throw new InvalidArgumentError("a time is given as 90, 90s, 5m or 1h30m.");
  }
  return ms;
}

/** A whole number from `least` up. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= 0x7fff_ffff) return number;
    throw new InvalidArgumentError(`it must be a whole number from ${least} up.`);
  };
}
