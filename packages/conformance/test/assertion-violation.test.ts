import assert, { AssertionError } from "node:assert/strict";
import { describe, expect, it } from "vitest";
import { assertionViolation } from "../src/assertion-violation.ts";

function violationOf(assertion: () => void): ReturnType<typeof assertionViolation> {
  try {
    assertion();
  } catch (error) {
    if (error instanceof AssertionError) return assertionViolation(error, { sequence: ["start"] });
    throw error;
  }
  throw new Error("the assertion holds");
}

const no = (): boolean => false;

describe("assertionViolation", () => {
  it("says what a condition says, without that it was not true", () => {
    const { message, details } = violationOf(() => assert.ok(no(), "one is too little"));

    expect(message).toBe("one is too little");
    expect(details).not.toHaveProperty("expected");
    expect(details.sequence).toEqual(["start"]);
  });

  it.each([
    [() => assert.ok(no()), "a condition of the promise does not hold"],
    [() => assert.equal(1, 2), "what is seen is not what is expected"],
    [() => assert.deepEqual([1], [2]), "what is seen is not what is expected"],
    [() => assert.notEqual(1, 1), "what is seen has to be another, and is the same"],
  ])("has words for an assertion without any (%#)", (assertion, words) => {
    expect(violationOf(assertion).message).toBe(words);
  });

  it("tells what was expected and seen", () => {
    expect(violationOf(() => assert.equal(1, 2)).details).toMatchObject({ expected: 2, seen: 1 });
  });
});
