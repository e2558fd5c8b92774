import { describe, expect, it } from "vitest";
import { persysConformance } from "./run-kit.ts";

describe("persys-conformance as a process", () => {
  it("exits with 0 over a subject that keeps its contract", async () => {
    const { code, stdout, stderr } = await persysConformance(
      "runtime --module ./simulated-runtime.ts --seed 5 --only start-is-idempotent".split(" "),
    );

    expect(stdout).toContain("runtime contract, ./simulated-runtime.ts, seed 5");
    expect(stdout).toContain("1 passed, 0 failed");
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("blames a case for what it leaves behind, and exits with 1", async () => {
    const { code, stdout } = await persysConformance([
      "store",
      "--module",
      "./littering-store.ts",
      "--concurrency",
      "2",
      "--only",
      "store-delete",
      "--only",
      "store-empty",
    ]);

    expect(stdout).toMatch(/^✔ ST-001 /m);
    expect(stdout).toMatch(/^✘ ST-004 /m);
    expect(stdout).toContain(
      "an error that it left behind was handled by nobody: the flush in the background failed",
    );
    expect(code).toBe(1);
  });

  it("exits with 2 for a subject that never answers and keeps nothing up", async () => {
    const { code, stderr } = await persysConformance(
      "runtime --module ./hanging-runtime.ts --timeout 100ms".split(" "),
    );

    expect(stderr).toContain("there was no answer within 0.1 s");
    expect(code).toBe(2);
  });

  it("exits with 2 for a module in a TypeScript that has to be compiled", async () => {
    const { code, stderr } = await persysConformance(["store", "--module", "./bad-syntax.ts"]);

    expect(stderr).toContain("no enums, namespaces or parameter properties");
    expect(code).toBe(2);
  });

  it("ends on Ctrl-C with what it knows, and exits with 130", async () => {
    let isSent = false;
    const { code, stdout } = await persysConformance(
      [
        "store",
        "--module",
        "./stuck-store.ts",
        "--timeout",
        "1m",
        "--only",
        "store-empty,store-delete",
      ],
      {
        onStderr: (text, signal) => {
          if (isSent || !text.includes("stuck")) return;
          isSent = true;
          signal("SIGINT");
        },
      },
    );

    expect(stdout).toContain("1 passed, 0 failed, 1 not run");
    expect(stdout).toContain("interrupted: not all was run");
    expect(code).toBe(130);
  });
});
