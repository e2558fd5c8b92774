import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readToken } from "../../src/security/read-token.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("readToken", () => {
  it("makes a token of 256 bits, once, for the owner alone", () => {
    const path = `${tempFolder()}/dev/token`;

    const { token, warnings } = readToken(path);

    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(readFileSync(path, "utf8")).toBe(`${token}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(warnings).toEqual([]);
    expect(readToken(path).token).toBe(token);
  });

  it("warns of a file that others can read", () => {
    const path = `${tempFolder()}/token`;
    const { token } = readToken(path);
    chmodSync(path, 0o644);

    expect(readToken(path)).toEqual({ token, warnings: [expect.stringContaining("chmod 600")] });
  });

  it.each(["", "short", "two words of which each is long enough, really", "ü".repeat(40)])(
    "refuses %j",
    (text) => {
      const path = `${tempFolder()}/token`;
      writeFileSync(path, text, { mode: 0o600 });

      expect(() => readToken(path)).toThrow("must hold one word of at least 32");
    },
  );

  it("names the file that it can neither read nor make", () => {
    const folder = tempFolder();

    expect(() => readToken(folder)).toThrow(
      `cannot read or make the token file ${folder} (EISDIR)`,
    );
  });
});
