import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../../src/command/main.ts", import.meta.url));
const paperModel = fileURLToPath(new URL("./modules/paper-model.ts", import.meta.url));
const keptLife = fileURLToPath(
  new URL("./kept-lives/a-damaged-record-is-half-deleted.json", import.meta.url),
);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function sim(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const all = ["--conditions=@persys/source", main, "sim", ...args];
    execFile(process.execPath, all, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("persys-conformance sim", () => {
  it("lives through seeds on several threads and says what was met, and what was not", async () => {
    const { code, stdout } = await sim("--seeds", "30", "--workers", "2");

    expect(stdout).toContain("30 seeds, 0 violations");
    expect(stdout).toMatch(/seeds\/s, [\d,]+ port calls\/s; least in a life: [5-7] workloads/);
    expect(stdout).toContain("steps of the engine: ");
    expect(stdout).toContain("NEVER MET: ");
    expect(code).toBe(0);
  });

  it("tells as JSON what it tells in words, and nothing else", async () => {
    const { code, stdout } = await sim("--seeds", "3", "--json");

    expect(JSON.parse(stdout)).toMatchObject({ seeds: 3, bad: [], hits: { steps: {} } });
    expect(code).toBe(0);
  });

  it("shows what happens in one life, from a seed and from a file", async () => {
    const ofSeed = await sim("--seed", "7", "--trace");
    const ofFile = await sim("--life", keptLife, "--trace");

    expect(ofSeed.stdout).toMatch(/ > store commit\n/);
    expect(ofSeed.stdout).toContain("1 seed, 0 violations");
    expect(ofFile.stdout).toContain("* remove: id a");
    expect([ofSeed.code, ofFile.code]).toEqual([0, 0]);
  });

  it("lives with a runtime of one's own", async () => {
    const { code, stdout } = await sim("--seeds", "5", "--module", paperModel);

    expect(stdout).toContain("5 seeds, 0 violations");
    expect(stdout).toContain("workload is put away");
    expect(code).toBe(0);
  });

  it("says what is wrong with a file that it cannot use, and ends with 2", async () => {
    const noLife = await sim("--life", "no-such-file.json");
    const noModule = await sim("--module", "no-such-module.ts");

    expect([noLife.code, noModule.code]).toEqual([2, 2]);
    expect(noLife.stderr).toContain("no-such-file.json holds no life");
    expect(noModule.stderr).toContain("no-such-module.ts");
  });
});
