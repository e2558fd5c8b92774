import { describe, expect, it } from "vitest";
import { assert, property, stringMatching } from "fast-check";
import { projectNameOf, projectNamePattern } from "../../src/compose/project-name.ts";
import { idOf } from "../support/runtime-calls.ts";

const ids = stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/).map(idOf);

describe("projectNameOf", () => {
  it("leaves an id as it is that compose takes", () => {
    expect(projectNameOf(idOf("shop_2-a"))).toBe("shop_2-a");
  });

  it("gives ids that differ in case or punctuation alone names of their own", () => {
    const names = ["shop", "Shop", "shop.", "shop-", "shop_", "SHOP"].map((one) =>
      projectNameOf(idOf(one)),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it("takes no id for a name that it makes itself", () => {
    const made = projectNameOf(idOf("Shop"));
    expect(projectNameOf(idOf(made))).not.toBe(made);
  });

  it("always gives a name that compose takes, another one for another id", () => {
    assert(
      property(ids, ids, (one, other) => {
        const [first, second] = [projectNameOf(one), projectNameOf(other)];
        expect(first).toMatch(projectNamePattern);
        expect(first.length).toBeLessThanOrEqual(100);
        expect(first === second).toBe(one === other);
      }),
    );
  });
});
