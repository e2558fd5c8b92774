import type { Fate } from "./boundaries.ts";

/** Where a life is struck: the number of a boundary, from 1 on, in the life with only the blows before it. */
export interface Place {
  readonly boundary: number;
  readonly fate: Fate;
}

/** Places as they are given on a command line: `17`, a death; `17?`, a commit of unknown outcome; `17?,23`, one after the other. */
export function placesText(places: readonly Place[]): string {
  return places.map(({ boundary, fate }) => `${boundary}${fate === "doubt" ? "?" : ""}`).join(",");
}

/** The places in a text that {@link placesText} could have made; undefined for any other. */
export function parsePlaces(text: string): readonly Place[] | undefined {
  const words = text.split(",");
  if (!words.every((word) => /^[1-9]\d{0,5}\??$/.test(word))) return undefined;
  return words.map((word) => ({
    boundary: Number.parseInt(word, 10),
    fate: word.endsWith("?") ? "doubt" : "dies",
  }));
}
