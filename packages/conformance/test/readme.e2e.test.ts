import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseExpectedFailures, runtimeContract } from "@persys/conformance";
import { simulatedSubject } from "../src/simulated-subject.ts";
import { inProcess } from "./command/in-process.ts";

/** What README.md shows, in a folder of its own, as somebody would who reads it. */

const root = fileURLToPath(new URL("../../..", import.meta.url));
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const folder = mkdtempSync(join(tmpdir(), "persys-kit-readme-"));

/** The blocks in a language, with the file that each is for. */
function blocksIn(
  language: string,
): readonly { readonly file: string | undefined; readonly text: string }[] {
  const pattern = new RegExp(`^\`\`\`${language}(?: file=(\\S+))?\n(.*?)^\`\`\`$`, "gms");
  return [...readme.matchAll(pattern)].map(([, file, text = ""]) => ({ file, text }));
}

/** Runs node in the folder. Resolves with the exit code and all it said. */
function node(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  const all = ["--conditions=@persys/source", ...args];
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, PERSYS_CONFORMANCE_SEED: "7", NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({
        code: error === null ? 0 : Number(error.code ?? 1),
        said: `${stdout}${stderr}`,
      }),
    );
  });
}

/** Runs a command line of the README, with some words more. */
function kit(line: string, ...more: readonly string[]): ReturnType<typeof node> {
  const [npx, name, ...words] = line.trim().split(" ");
  expect([npx, name]).toEqual(["npx", "persys-conformance"]);
  return node(join(root, "packages/conformance/src/command/main.ts"), ...words, ...more);
}

function commandWith(text: string): string {
  const found = blocksIn("sh").filter((block) => block.text.includes(text));
  expect(found).toHaveLength(1);
  return found[0]?.text ?? "";
}

describe("README.md of the kits", () => {
  beforeAll(async () => {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    await copyFile(join(root, "examples/custom-runtime.ts"), join(folder, "custom-runtime.ts"));
    for (const { file, text } of blocksIn("ts")) {
      expect(file).toBeDefined();
      await writeFile(join(folder, file ?? ""), text);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("judges its runtime", async () => {
    const { code, said } = await kit(
      commandWith("runtime --module ./subject.ts\n"),
      "--only=start-is-idempotent,spec-refuses-unknown-keys",
    );

    expect(said).toContain("2 passed, 0 failed");
    expect(code).toBe(0);
  });

  it("judges its store", async () => {
    const { code, said } = await kit(commandWith("store --module"), "--only", "ST-001,ST-040");

    expect(said).toContain("2 passed, 0 failed");
    expect(code).toBe(0);
  });

  it("knows the options with which it judges a server and runs in CI", async () => {
    const server = commandWith("api --endpoint").trim().split(" ").slice(2);
    expect((await inProcess(...server)).stderr).toContain(
      "the file of --token-file cannot be read",
    );

    const inCi = commandWith("--expected-failures").trim().split(" ").slice(2);
    expect((await inProcess(...inCi)).stderr).toContain("there is no module at");
  });

  it("makes tests of vitest", async () => {
    const config = `export default {
      test: { include: ["runtime.test.ts"] },
      ssr: { resolve: { conditions: ["@persys/source", "node"] } },
    };`;
    await writeFile(join(folder, "vitest.config.mjs"), config);
    const vitest = join(root, "node_modules/vitest/vitest.mjs");

    const { code, said } = await node(vitest, "run", "--root", folder, "-t", "start");

    expect(said).toMatch(/Tests.* [1-9]\d* passed/);
    expect(code).toBe(0);
  });

  it("makes tests of node --test", async () => {
    const { code, said } = await node("--test", "--test-reporter=tap", "store.test.ts");

    expect(said).toMatch(/^ {4}ok 1 - ST-001 MUST: a new storage holds nothing$/m);
    expect(said).toMatch(/^# pass [1-9]\d+$/m);
    expect(said).toMatch(/^# fail 0$/m);
    expect(code).toBe(0);
  });

  it("runs cases anywhere", async () => {
    const { code, said } = await node("anywhere.ts");

    expect(said).toContain("store contract, mine, seed 7");
    expect(code).toBe(0);
  });

  it("lists an expected failure as the command takes it", () => {
    const [{ text } = { text: "" }] = blocksIn("yaml");
    const cases = runtimeContract(() => simulatedSubject());

    expect(parseExpectedFailures(text, { file: "known.yaml", cases })).toHaveLength(1);
  });

  it("links to what there is", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, to = ""]) => to);
    const here = dirname(fileURLToPath(new URL("../README.md", import.meta.url)));

    expect(links.filter((to) => !existsSync(join(here, to)))).toEqual([]);
  });
});
