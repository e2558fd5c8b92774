import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** What `node --test` says of a file, in the Test Anything Protocol, and its exit code. */
function nodeTest(file: string): Promise<{ readonly code: number; readonly tap: string }> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = ["--conditions=@persys/source", "--test", "--test-reporter=tap", path];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { PATH: process.env["PATH"] } }, (error, stdout) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, tap: stdout }),
    );
  });
}

describe("describeContract of node:test", () => {
  it("makes a test of every case", async () => {
    const { code, tap } = await nodeTest("node-test-suite.ts");

    expect(tap).toMatch(/^# Subtest: a subject$/m);
    expect(tap).toMatch(/^ {4}ok 1 - X-kept MUST: promises kept$/m);
    expect(tap).toMatch(/^ {4}not ok 2 - X-broken MUST: promises broken$/m);
    expect(tap).toContain("because:  it is not as it was");
    expect(tap).toMatch(/seed: {5}7/);
    expect(tap).toMatch(/^ {4}ok 3 - X-unknown .* # SKIP there is no way to look$/m);
    expect(tap).toMatch(/^ {4}ok 4 - X-recommended .* # SKIP X-recommended SHOULD/m);
    expect(tap).toMatch(/^ {4}ok 5 - X-known MUST: promises known$/m);
    expect(tap).toMatch(/^# pass 2$/m);
    expect(tap).toMatch(/^# fail 1$/m);
    expect(tap).toMatch(/^# skipped 2$/m);
    expect(code).toBe(1);
  });
});
