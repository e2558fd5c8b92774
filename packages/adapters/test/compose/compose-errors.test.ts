import { describe, expect, it } from "vitest";
import { redacted } from "../../src/compose/compose-errors.ts";

describe("redacted", () => {
  it("takes what may be secret out of a command's words, and keeps their end", () => {
    const words = `${"x".repeat(5_000)} password is hunter22.`;
    const said = redacted(words, ["hunter22", ""]);
    expect(said.endsWith("password is <redacted>.")).toBe(true);
    expect(said.length).toBeLessThanOrEqual(1_001);
  });

  it("leaves nothing that steers a terminal, and the lines that there are", () => {
    const said = "remote: \u001B[2J\u001B]0;title\u0007ok\rover\r\nnext\u202Etxt\u009B1m\b";
    const shown = redacted(said, []);
    expect(shown).toMatch(/^remote: ok\nover\nnext/);
    expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
  });

  it("finds a secret that something else stands in, and one with such signs in it", () => {
    expect(redacted("is hidden\u001B[1m-word", ["hidden-word"])).toBe("is <redacted>");
    expect(redacted("is a\tb\tc", ["a\tb\tc"])).toBe("is <redacted>");
    expect(redacted("is one two", ["one\u0007two"])).toBe("is <redacted>");
  });
});
