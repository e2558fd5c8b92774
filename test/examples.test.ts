import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { runtimeContract, type RuntimeSubject } from "@persys/conformance";
import { isWorkloadId } from "@persys/core";
import { describe, expect, it } from "vitest";
import { TickerRuntime } from "../examples/custom-runtime.ts";

const root = new URL("..", import.meta.url);

async function runExample(name: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@persys/source", `examples/${name}`],
    { cwd: root, timeout: 30_000 },
  );
  return stdout.trimEnd().split("\n");
}

function tickerSubject(): RuntimeSubject {
  const runtime = new TickerRuntime(() => {});
  return {
    runtime,
    specs: {
      longRunning: (message) => ({ everyMs: 3_600_000, message }),
      exitsWith: (exitCode) => ({ everyMs: 10, message: "bye", times: 1, exitCode }),
    },
    killBehind: async (id) => {
      if (isWorkloadId(id)) await runtime.stop(id);
    },
    leftovers: async () => [...(await runtime.list()).keys()],
    dispose: async () => {
      for (const id of (await runtime.list()).keys()) await runtime.remove(id);
    },
  };
}

describe("examples/embed.ts", () => {
  it("brings up a workload, watches it run, and leaves nothing", async () => {
    const lines = await runExample("embed.ts");

    expect(lines).toContain("clock: tick");
    expect(lines.some((line) => line.startsWith("clock is running"))).toBe(true);
    expect(lines.at(-1)).toBe("0 workloads are left");
  }, 30_000);
});

describe("examples/custom-runtime.ts", () => {
  for (const { level, title, run } of runtimeContract(async () => tickerSubject())) {
    it(`${level}: ${title}`, run);
  }
});
