import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readOrMakeSecretKeys, rotateSecretKeys } from "../../../src/security/secrets/key-file.ts";
import { tempFolder } from "../../support/temp-folder.ts";

function fileIn(folder = tempFolder()): string {
  return join(folder, "state", "keys.json");
}

describe("the key file", () => {
  it("is made with one key, for its owner alone, and read again as it is", () => {
    const path = fileIn();

    const made = readOrMakeSecretKeys(path);

    expect(made).toHaveLength(1);
    expect(Buffer.from(made[0].secret, "base64")).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
    expect(readOrMakeSecretKeys(path)).toEqual(made);
    expect(readdirSync(join(path, ".."))).toEqual(["keys.json"]);
  });

  it("gets another key by a rotation and keeps the earlier ones", () => {
    const path = fileIn();
    const [first] = readOrMakeSecretKeys(path);

    const rotated = rotateSecretKeys(path);

    expect(rotated).toHaveLength(2);
    expect(rotated[0]).toEqual(first);
    expect(rotated[1]?.id).not.toBe(first.id);
    expect(readOrMakeSecretKeys(path)).toEqual(rotated);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, ".."))).toEqual(["keys.json"]);
  });

  it("is rotated by one command at a time", () => {
    const path = fileIn();
    const before = readOrMakeSecretKeys(path);
    writeFileSync(`${path}.rotating`, "");

    expect(() => rotateSecretKeys(path)).toThrow(/being rotated.*remove/);
    expect(readOrMakeSecretKeys(path)).toEqual(before);
  });

  it("is not even looked at by a rotation while another one is under way", () => {
    const path = fileIn();
    mkdirSync(join(path, ".."));
    writeFileSync(`${path}.rotating`, "");

    expect(() => rotateSecretKeys(path)).toThrow(/being rotated/);
    expect(readdirSync(join(path, ".."))).toEqual(["keys.json.rotating"]);
  });

  it("is made by a rotation where there is none", () => {
    const path = fileIn();

    expect(rotateSecretKeys(path)).toHaveLength(2);
    expect(readdirSync(join(path, ".."))).toEqual(["keys.json"]);
  });

  it("is not rotated beyond what it may hold, and stays readable", () => {
    const path = fileIn();
    const [key] = readOrMakeSecretKeys(path);
    const keys = Array.from({ length: 999 }, (_, at) => ({ ...key, id: `k${at}` }));
    writeFileSync(path, JSON.stringify({ format: 1, keys }));
    expect(rotateSecretKeys(path)).toHaveLength(1_000);
    const before = readFileSync(path, "utf8");

    expect(() => rotateSecretKeys(path)).toThrow(/has 1000 keys.*remove keys from its beginning/);
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(readOrMakeSecretKeys(path)).toHaveLength(1_000);
    expect(readdirSync(join(path, ".."))).toEqual(["keys.json"]);
  });

  it.each([0o640, 0o604, 0o660, 0o644])("is refused with mode %o", (mode) => {
    const path = fileIn();
    readOrMakeSecretKeys(path);
    chmodSync(path, mode);

    expect(() => readOrMakeSecretKeys(path)).toThrow(/open to others.*chmod 600/);
  });

  it.each([
    ["cut short", (text: string) => text.slice(0, 40), /is not JSON/],
    ["empty", () => "", /is not JSON/],
    ["without keys", () => '{"format":1,"keys":[]}', /holds no keys/],
    ["of a later format", (text: string) => text.replace('"format": 1', '"format": 2'), /format/],
    [
      "with a short key",
      (text: string) => text.replace(/"secret": ".{8}/, '"secret": "'),
      /32 bytes/,
    ],
  ])("is refused %s, left as it is, and not quoted", (_, change, why) => {
    const path = fileIn();
    const [{ secret }] = readOrMakeSecretKeys(path);
    const text = change(readFileSync(path, "utf8"));
    writeFileSync(path, text);

    let said = "";
    try {
      readOrMakeSecretKeys(path);
    } catch (error) {
      said = error instanceof Error ? `${error.message} ${error.stack}` : "";
    }

    expect(said).toMatch(why);
    expect(said).not.toContain(secret.slice(8, 30));
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("is refused when it is no file", () => {
    const path = fileIn();
    mkdirSync(path, { recursive: true });

    expect(() => readOrMakeSecretKeys(path)).toThrow(/is no file/);
  });

  it("says what to do where it cannot be made", () => {
    const file = join(tempFolder(), "file");
    writeFileSync(file, "");

    expect(() => readOrMakeSecretKeys(join(file, "keys.json"))).toThrow(/PERSYS_SECRET_KEYS_FILE/);
    expect(() => rotateSecretKeys(join(file, "keys.json"))).toThrow(/cannot be made \(EEXIST\)/);
  });
});
