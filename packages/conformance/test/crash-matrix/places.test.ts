import { describe, expect, it } from "vitest";
import { parsePlaces, placesText } from "../../src/crash-matrix/places.ts";

describe("places on a command line", () => {
  it.each(["17", "17?", "17,41", "17?,23"])("%s is read as it is written", (text) => {
    expect(placesText(parsePlaces(text) ?? [])).toBe(text);
  });

  it.each(["", "0", "-1", "1,", "x", "1!", "1.5", "1234567"])("%j is none", (text) => {
    expect(parsePlaces(text)).toBeUndefined();
  });
});
