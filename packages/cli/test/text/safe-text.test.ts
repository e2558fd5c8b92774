import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { safeLine, safeText } from "../../src/text/safe-text.ts";

describe("safeLine", () => {
  it("shows escape sequences instead of sending them", () => {
    expect(safeLine("\u001b[2J\u0007\u009b31m")).toBe("\\x1b[2J\\x07\\x9b31m");
  });

  it("shows marks that reverse the direction of reading", () => {
    expect(safeLine("abc\u202edcba")).toBe("abc\\u202edcba");
  });

  it("makes one line of several", () => {
    expect(safeLine("a\r\nb\nc\td")).toBe("a b c d");
  });

  it("leaves letters of any language, emoji and marks of accents alone", () => {
    const text = "Größe 世界 👩‍💻 e\u0301";

    expect(safeLine(text)).toBe(text);
  });

  it("lets no control character through, whatever the text", () => {
    const forbidden = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => !forbidden.test(safeLine(text))),
    );
  });
});

describe("safeText", () => {
  it("keeps lines apart", () => {
    expect(safeText("a\r\nb\n\u001bc")).toBe("a\nb\n\\x1bc");
  });
});
