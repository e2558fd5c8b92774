import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ReportDocument } from "../../src/runner/json-report.ts";
import { inProcess } from "./in-process.ts";
import type { Ended } from "./run-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "persys-conformance-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function store(module: string, ...args: readonly string[]): Promise<Ended> {
  return inProcess("store", "--module", `./${module}.ts`, ...args);
}

describe("persys-conformance", () => {
  it("says clause by clause that a subject keeps its contract, with the seed", async () => {
    const { code, stdout, stderr } = await store("map-store", "--only", "ST-002,store-delete");

    expect(stdout).toMatch(/^store contract, \.\/map-store\.ts, seed \d+ \(kit \d/);
    expect(stdout).toMatch(/^✔ ST-002 {2}MUST {4}what was committed is there/m);
    expect(stdout).toMatch(/^✔ ST-004 {2}MUST {4}a deleted record is gone/m);
    expect(stdout).toMatch(/^\d cases in [\d.]+ s: \d passed, 0 failed$/m);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("runs several seeds in a row", async () => {
    const { code, stdout } = await store(
      "map-store",
      "--only",
      "store-delete",
      "--seeds",
      "3",
      "--seed",
      "4294967295",
    );

    expect(stdout.match(/^seed \d+/gm)).toEqual(["seed 4294967295", "seed 0", "seed 1"]);
    expect(stdout).toContain("3 seeds, 4294967295 to 1: 3 passed, 0 failed");
    expect(code).toBe(0);
  });

  it("tells clause, level and seed of what is broken, and how to see it again", async () => {
    const { code, stdout } = await store(
      "forgetful-store",
      "--only",
      "ST-004",
      "--only",
      "ST-002",
      "--seed",
      "5",
    );

    expect(stdout).toMatch(/^✘ ST-004 MUST: a deleted record is gone/m);
    expect(stdout).toContain("seed:     5, fails every time");
    expect(stdout).toContain(
      "replay:   npx persys-conformance store --module ./forgetful-store.ts --seed 5 --only store-delete",
    );
    expect(stdout).toMatch(/1 failed$/m);
    expect(code).toBe(1);
  });

  it("ends what takes too long", async () => {
    const { code, stdout } = await store(
      "stuck-store",
      "--only",
      "store-delete",
      "--timeout",
      "50ms",
    );

    expect(stdout).toContain("it did not end within 0.05 s");
    expect(code).toBe(1);
  });

  describe("with expected failures", () => {
    const known = file("known.yaml", "- id: store-delete\n  because: it is not written yet\n");
    const args = ["--expected-failures", known, "--only", "store-delete,store-empty"] as const;

    it("has nothing against what fails as expected", async () => {
      const { code, stdout } = await store("forgetful-store", ...args);

      expect(stdout).toMatch(/^x ST-004 /m);
      expect(stdout).toContain("expected to fail: it is not written yet");
      expect(stdout).toContain("1 passed, 0 failed, 1 failed as expected");
      expect(code).toBe(0);
    });

    it("minds what was expected to fail and passes", async () => {
      const { code, stdout } = await store("map-store", ...args);

      expect(stdout).toContain(
        "✘ store-delete was expected to fail and passes: take it off the list",
      );
      expect(code).toBe(1);
    });

    it("refuses a case that is not there, with the nearest", async () => {
      const unknown = file("unknown.yaml", "- id: store-delet\n  because: x\n");
      const { code, stdout, stderr } = await store("map-store", "--expected-failures", unknown);

      expect(stderr).toContain(
        `${unknown}:1:7: there is no case store-delet; did you mean store-delete?`,
      );
      expect(stdout).toBe("");
      expect(code).toBe(2);
    });
  });

  it("reports as JSON on stdout and as JUnit in a file", async () => {
    const junit = join(folder, "new", "report.xml");
    const { code, stdout } = await store(
      "forgetful-store",
      "--only",
      "store-delete",
      "--json",
      "--junit",
      junit,
      "--seed",
      "5",
    );
    const document = JSON.parse(stdout) as ReportDocument;

    expect(document).toMatchObject({
      format: "persys-conformance/1",
      contract: "store",
      kept: false,
      tally: { failed: 1 },
      runs: [{ seed: 5, results: [{ id: "store-delete", outcome: "failed" }] }],
    });
    expect(readFileSync(junit, "utf8")).toMatch(
      /<testcase classname="persys\.store\.store-delete"[^>]*>\s*<failure /,
    );
    expect(code).toBe(1);
  });

  describe("with wrong usage", () => {
    it.for<[args: readonly string[], says: RegExp]>([
      [["store"], /required option '--module <path>'/],
      [["stor"], /Did you mean store\?/],
      [["store", "--module", "./nowhere.ts"], /there is no module at .*nowhere\.ts/],
      [
        ["store", "--module", "./no-harness.ts"],
        /does not export harness: it exports store, subject/,
      ],
      [["runtime", "--module", "./no-harness.ts"], /subject of .* is number, not a function/],
      [
        ["store", "--module", "./half-harness.ts"],
        /damageRecord is undefined, not a function; takeOver is number, not a function; dispose is/,
      ],
      [
        ["runtime", "--module", "./half-runtime.ts"],
        /runtime\.capabilities is undefined, not an object; runtime\.redactSpec is undefined, not a function; runtime\.demands is .*; runtime\.probe is .*; runtime\.prepare is .*; runtime\.replace is .*; runtime\.retire is .*; runtime\.restore is /,
      ],
      [
        ["runtime", "--module", "./hanging-runtime.ts", "--timeout", "50ms"],
        /the runtime could not list its workloads: there was no answer within 0\.05 s/,
      ],
      [
        ["store", "--module", "./map-store.ts", "--junit", "./map-store.ts/report.xml"],
        /the report cannot be written to .*map-store\.ts\/report\.xml: /,
      ],
      [
        ["store", "--module", "./map-store.ts", "--only", "store-delet"],
        /there is no case or clause store-delet; did you mean store-delete\?/,
      ],
      [
        ["store", "--module", "./map-store.ts", "--only", "ST-039", "--level", "must"],
        /--only and --level leave no case to run/,
      ],
      [["store", "--module", "./map-store.ts", "--seed", "-1"], /a seed is a whole number/],
      [["store", "--module", "./map-store.ts", "--seeds", "0"], /whole number from 1 up/],
      [["store", "--module", "./map-store.ts", "--timeout", "soon"], /a time is given as/],
      [["store", "--module", "./map-store.ts", "--level", "maybe"], /Allowed choices are must/],
      [["api", "--endpoint", "somewhere"], /somewhere is no address/],
      [
        ["api", "--endpoint", "http://127.0.0.1:1", "--token-file", "./nowhere"],
        /the file of --token-file cannot be read/,
      ],
      [
        ["api", "--endpoint", "http://127.0.0.1:1", "--protocol", "connect"],
        /did not list its workloads: ECONNREFUSED/,
      ],
    ])("%o: exits with 2", async ([args, says]) => {
      const { code, stdout, stderr } = await inProcess(...args);

      expect(stderr).toMatch(says);
      expect(stdout).toBe("");
      expect(code).toBe(2);
    });

    it("shows a module that would do", async () => {
      const { stderr } = await store("no-harness");

      expect(stderr).toContain("export const harness = async () => ({");
    });
  });

  it("exits with 2 when not a single case could be judged", async () => {
    const { code, stdout, stderr } = await store("map-store", "--only", "store-kill");

    expect(stdout).toContain("0 passed, 0 failed, 1 unjudged");
    expect(stderr).toContain("nothing was judged");
    expect(code).toBe(2);
  });

  it("refuses a subject that is not empty, and removes nothing of it", async () => {
    const { code, stdout, stderr } = await store("occupied-store");

    expect(stderr).toContain("the storage is not empty: it holds theirs");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it.for(["runtime", "store", "api"])("lists the clauses of %s", async (contract) => {
    const { code, stdout } = await inProcess("list", contract, "--json");
    const listed = JSON.parse(stdout) as readonly Readonly<Record<string, string>>[];

    expect(listed.length).toBeGreaterThan(20);
    for (const row of listed) {
      expect(row).toEqual({
        contract,
        clause: expect.any(String),
        level: expect.stringMatching(/^(?:MUST|SHOULD|MAY)$/),
        id: expect.any(String),
        title: expect.any(String),
      });
    }
    expect(code).toBe(0);
  });

  it("shows help and its version", async () => {
    const help = await inProcess("--help");

    for (const word of ["runtime", "store", "api", "list"]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${word} `, "m"));
    }
    expect(help.code).toBe(0);
    expect((await inProcess("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
