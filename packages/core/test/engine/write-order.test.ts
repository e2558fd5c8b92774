import { describe, expect, it } from "vitest";
import { WriteOrder } from "../../src/engine/write-order.ts";

describe("the order of writes", () => {
  it("gives the last word to the batch that was begun last, whichever is heard of first", () => {
    const order = new WriteOrder();
    const [first, second] = [order.begin(), order.begin()];

    expect(order.touch(7, second)).toBe(true);
    expect(order.touch(7, first)).toBe(false);
    expect(order.touch(8, first)).toBe(true);
  });

  it("remembers a key only as long as an earlier batch may yet be heard of (I12)", () => {
    const order = new WriteOrder();
    const slow = order.begin();
    for (let key = 0; key < 100; key += 1) {
      const batch = order.begin();
      order.touch(key, batch);
      order.end(batch);
    }
    expect(order.size).toBe(100);

    order.end(slow);

    expect(order.size).toBe(0);
  });
});
