import { describe, expect, it } from "vitest";
import { findConfigFile } from "../../src/config/config-file.ts";

/** A file system of these files; everything else is missing. */
function files(content: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = content[path];
    if (text === undefined) throw Object.assign(new Error("missing"), { code: "ENOENT" });
    return text;
  };
}

const system = "/etc/persys/agent_config.yaml";
const own = "/srv/a/.persys/agent_config.yaml";

describe("findConfigFile", () => {
  it("finds none where there is none", () => {
    expect(findConfigFile({ home: "/srv/a", readText: files({}) })).toEqual({
      ok: true,
      file: undefined,
    });
  });

  it("prefers the system's file to the user's", () => {
    const readText = files({ [system]: "http_port: 1", [own]: "http_port: 2" });

    expect(findConfigFile({ home: "/srv/a", readText })).toEqual({
      ok: true,
      file: { path: system, settings: { http_port: 1 } },
    });
  });

  it("does not look in the working directory", () => {
    const looked: string[] = [];
    findConfigFile({
      home: "/srv/a",
      readText: (path) => {
        looked.push(path);
        return files({})(path);
      },
    });

    expect(looked).toEqual([system, own]);
  });

  it("reads the file that was named and no other", () => {
    const readText = files({ [system]: "http_port: 1", "/x.yaml": "http_port: 3" });

    expect(findConfigFile({ explicitPath: "/x.yaml", readText })).toMatchObject({
      file: { path: "/x.yaml" },
    });
  });

  it("refuses a named file that is missing", () => {
    expect(findConfigFile({ explicitPath: "/x.yaml", readText: files({}) })).toEqual({
      ok: false,
      path: "/x.yaml",
      rule: "cannot be read (ENOENT)",
    });
  });

  it("refuses a file that is found but cannot be read", () => {
    const readText = (): string => {
      throw Object.assign(new Error("no"), { code: "EACCES" });
    };

    expect(findConfigFile({ readText })).toMatchObject({
      ok: false,
      rule: "cannot be read (EACCES)",
    });
  });

  it.each([
    ["a: [1", "is not valid YAML at line 1"],
    ["a: 1\na: 2", "is not valid YAML at line 2"],
    ["- 1", "must be a mapping"],
    ["text", "must be a mapping"],
    ["x".repeat(1_100_000), "is larger than 1 MiB"],
  ])("refuses content that is no configuration", (text, rule) => {
    const found = findConfigFile({ readText: files({ [system]: text }) });

    expect(found).toMatchObject({ ok: false, path: system, rule: expect.stringContaining(rule) });
  });

  it("takes an empty file for one that says nothing", () => {
    expect(findConfigFile({ readText: files({ [system]: "# nothing\n" }) })).toEqual({
      ok: true,
      file: { path: system, settings: {} },
    });
  });
});
