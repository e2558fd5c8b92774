import { describe, expect, it } from "vitest";
import { parseWorkloadId } from "../../src/domain/workload-id.ts";

describe("a workload id", () => {
  it.each(["a", "7", "Web-1", "a.b_c-d", "x".repeat(128)])("may be %s", (text) => {
    expect(parseWorkloadId(text)).toEqual({ ok: true, value: text });
  });

  it.each(["", ".", "..", "-a", "_a", "a/b", "../etc", "a b", "ä", "a\n", "x".repeat(129)])(
    "may not be %j",
    (text) => {
      const parsed = parseWorkloadId(text);
      expect(parsed).toMatchObject({ ok: false, violations: [{ path: ["id"] }] });
    },
  );

  it.each([undefined, null, 3, {}, ["a"]])("may not be %j, which is no text", (input) => {
    expect(parseWorkloadId(input)).toMatchObject({ ok: false, violations: [{ path: ["id"] }] });
  });

  it("is shown in its violation shortened to 80 characters", () => {
    expect(parseWorkloadId("/".repeat(500))).toMatchObject({
      violations: [{ seen: "/".repeat(80) }],
    });
  });
});

describe("what is said of an id that is none", () => {
  const ruleOf = (input: unknown): string => {
    const parsed = parseWorkloadId(input);
    return parsed.ok ? "accepted" : (parsed.violations[0]?.rule ?? "");
  };

  it.each(["", undefined])("is that one is required, for %j", (input) => {
    expect(ruleOf(input)).toMatch(/^is required/);
  });

  it.each(["-a", 7, null])("is what it must be, for %j", (input) => {
    expect(ruleOf(input)).toMatch(/^must be/);
  });
});
