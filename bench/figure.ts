import { type Spread, spreadOf } from "./statistics.ts";

/** What a figure is hoped to be. */
export interface Aim {
  /** In words, such as `at most 2 syncs + 1 ms`. */
  readonly text: string;
  readonly met: boolean;
}

/** One result of a bench. Its name is the same on every machine; comparable between machines is the ratio alone. */
export interface Figure {
  readonly name: string;
  readonly unit: "ms" | "per second" | "KiB" | "MiB" | "times" | "%" | "% of a core";
  readonly value: Spread;
  /** What the same machine did at best in the same minute, in the same unit; its name says how. */
  readonly floor: { readonly name: string; readonly value: Spread } | undefined;
  /** Value over floor; of medians. */
  readonly ratio: number | undefined;
  readonly aim: Aim | undefined;
}

/** The parts of a figure; `samples` and `floorSamples` in its unit. */
export interface FigureParts {
  readonly name: string;
  readonly unit: Figure["unit"];
  readonly samples: readonly number[];
  readonly floor?: { readonly name: string; readonly samples: readonly number[] };
  readonly aim?: (value: Spread, floor: Spread | undefined) => Aim;
}

/** A figure with its ratio and its verdict. */
export function figure(parts: FigureParts): Figure {
  const value = spreadOf(parts.samples);
  const floor = parts.floor && { name: parts.floor.name, value: spreadOf(parts.floor.samples) };
  return {
    name: parts.name,
    unit: parts.unit,
    value,
    floor,
    ratio: floor && value.p50 / floor.value.p50,
    aim: parts.aim?.(value, floor?.value),
  };
}
