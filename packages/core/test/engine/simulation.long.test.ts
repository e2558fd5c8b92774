import { describe, expect, it } from "vitest";
import { troublesOf } from "../support/live-through.ts";

describe("a node in every kind of trouble, for long", () => {
  it("keeps its promises in 2,000 lives that nobody has seen before", async () => {
    const first = Date.now() % 1_000_000_000;
    const seeds = Array.from({ length: 2_000 }, (_, at) => first + at);

    expect(await troublesOf(seeds, 20)).toBe("");
  }, 900_000);
});
