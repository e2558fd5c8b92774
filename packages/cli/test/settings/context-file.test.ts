import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  contextFilePath,
  isReadableByOthers,
  loadContexts,
  saveContexts,
} from "../../src/settings/context-file.ts";
import { tempFolder } from "../temp-folder.ts";

describe("saveContexts", () => {
  it("writes what loadContexts reads, for the user's eyes only, and leaves no draft", async () => {
    const folder = join(await tempFolder(), "deep", "er");
    const path = join(folder, "contexts.yaml");
    const file = {
      current: "a",
      contexts: new Map([
        ["a", { endpoint: "http://a:1", token: "t" }],
        ["b: c", { endpoint: "http://b:1", tokenFile: "f" }],
        ["__proto__", { endpoint: "http://c:1" }],
      ]),
    };

    await saveContexts(path, file);

    expect(await loadContexts(path)).toEqual(file);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["contexts.yaml"]);
  });

  it("closes a file that was open to others", async () => {
    const path = join(await tempFolder(), "contexts.yaml");
    await writeFile(path, "contexts: {}");
    await chmod(path, 0o644);
    expect(await isReadableByOthers(path)).toBe(true);

    await saveContexts(path, { current: undefined, contexts: new Map() });

    expect(await isReadableByOthers(path)).toBe(false);
  });
});

describe("loadContexts", () => {
  it("takes an absent file for an empty one", async () => {
    expect(await loadContexts(join(await tempFolder(), "none"))).toEqual({
      current: undefined,
      contexts: new Map(),
    });
  });

  it("names everything that is wrong with a file", async () => {
    const path = join(await tempFolder(), "contexts.yaml");
    await writeFile(path, "current: 5\ncontexts:\n  a: {token: 7}\n  b: nothing\n");

    await expect(loadContexts(path)).rejects.toMatchObject({
      exitCode: 2,
      problems: [
        "contexts.a.token: must be a string",
        "contexts.a.endpoint: is required",
        "contexts.b: must be a map",
        "contexts.b.endpoint: is required",
        "current: must be the name of a context",
      ],
    });
  });

  it("says where a file is that is no YAML", async () => {
    const path = join(await tempFolder(), "contexts.yaml");
    await writeFile(path, "a: [");

    await expect(loadContexts(path)).rejects.toThrow(`${path} is not YAML`);
  });
});

describe("contextFilePath", () => {
  it("follows PERSYS_CONTEXT_FILE, then XDG_CONFIG_HOME, then the home folder", () => {
    const path = (env: Record<string, string>) => contextFilePath({ env, homeDir: "/srv/me" });

    expect(path({ PERSYS_CONTEXT_FILE: "/x", XDG_CONFIG_HOME: "/c" })).toBe("/x");
    expect(path({ XDG_CONFIG_HOME: "/c" })).toBe("/c/persys/contexts.yaml");
    expect(path({})).toBe("/srv/me/.config/persys/contexts.yaml");
  });
});
