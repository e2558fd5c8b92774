import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressSettings } from "../../src/compose/git-addresses.ts";
import { GitCommand, type GitResult } from "../../src/compose/git-command.ts";
import { usualGitLimits } from "../../src/compose/git-files.ts";
import { forever } from "../support/runtime-calls.ts";
import { GitServer } from "../../../../test/git/git-server.ts";

let server: GitServer;
let folder: string;

beforeEach(async () => {
  server = await GitServer.open();
  folder = mkdtempSync(join(tmpdir(), "persys-git-command-"));
  execFileSync("git", ["init", "--quiet", "--bare", folder]);
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function run(
  args: readonly string[],
  settings: readonly (readonly [string, string])[] = [],
): Promise<GitResult> {
  return new GitCommand().run({
    args,
    folder,
    mark: "mark-of-a-fetch",
    settings,
    scheme: "http",
    limits: usualGitLimits,
    signal: forever,
  });
}

describe("GitCommand", () => {
  it("reaches a host at the addresses that it is given, whatever its name stands for", async () => {
    const commit = server.commit({ "compose.yaml": "x" });
    const repository = `http://git.invalid:${server.port}/shop.git`;
    const settings = addressSettings({ repository }, ["127.0.0.1"]);
    const { code, output } = await run(["ls-remote", repository, "HEAD"], settings);
    expect({ code, said: new TextDecoder().decode(output) }).toEqual({
      code: 0,
      said: `${commit}\tHEAD\n`,
    });
  });

  it("has a bound of memory, and a mark that all it starts has too", async () => {
    const alias = "!cat /proc/self/limits; tr '\\0' '\\n' </proc/self/environ";
    const { output } = await run(["tell"], [["alias.tell", alias]]);
    const said = new TextDecoder().decode(output);
    expect(said).toMatch(/^Max address space +268435456 +268435456 /m);
    expect(said).toMatch(/^Max file size +67108864 +67108864 /m);
    expect(said).toContain("PERSYS_COMPOSE_PROJECT=mark-of-a-fetch\n");
    expect(said).not.toContain("VITEST");
  });
});
