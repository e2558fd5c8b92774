import { describe, expect, it } from "vitest";
import { SecretTexts } from "../../src/errors/secret-texts.ts";

describe("the texts of secrets", () => {
  it("are those of at least six characters, as they are and as JSON has them, longest first", () => {
    const texts = new SecretTexts([
      "short",
      "secret-1",
      "secret-1-more",
      { pem: "line 1\nline 2" },
    ]);

    expect(texts.cleaned("short, secret-1, secret-1-more")).toBe("short, <redacted>, <redacted>");
    expect(texts.cleaned("line 1\nline 2 and line 1\\nline 2")).toBe("<redacted> and <redacted>");
    expect(texts.isSaidBy("it says secret-1")).toBe(true);
    expect(texts.isSaidBy("it is short")).toBe(false);
  });

  it("leave out what is said anyway", () => {
    const texts = new SecretTexts(["/srv/data", "secret-1"], () => '{"workingDir":"/srv/data"}');

    expect(texts.cleaned("/srv/data secret-1")).toBe("/srv/data <redacted>");
    expect(texts.isSaidBy("no /srv/data")).toBe(false);
  });

  it("are not looked for in what is known before something says them, and in it only once", () => {
    let asked = 0;
    const texts = new SecretTexts(["secret-1", "secret-2"], () => {
      asked += 1;
      return "";
    });
    expect(texts.cleaned("nothing")).toBe("nothing");
    expect(texts.isSaidBy("nothing")).toBe(false);
    expect(asked).toBe(0);

    expect(texts.cleaned("secret-1 secret-2")).toBe("<redacted> <redacted>");
    expect(asked).toBe(1);
  });
});
