import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import {
  runtimeContract,
  type RuntimeSubject,
  SimulatedRuntime,
  SimulatedWorld,
} from "@persys/conformance";
import {
  createEngine,
  type Demands,
  isWorkloadId,
  parseContainerSpec,
  parseProcessSpec,
  silentLogger,
} from "@persys/core";
import { createAgentHandlers, createConnectTransport } from "@persys/transports";
import { describe, expect, it, onTestFinished } from "vitest";
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

/** A runtime that knows the rules of a type and runs nothing. */
class CheckingRuntime extends SimulatedRuntime {
  override readonly parseSpec: SimulatedRuntime["parseSpec"];

  constructor(type: string, parseSpec: SimulatedRuntime["parseSpec"]) {
    super(new SimulatedWorld({ clock: new SystemClock() }), { type, events: false });
    this.parseSpec = parseSpec;
  }

  override async demands(): Promise<Demands> {
    return { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "" };
  }
}

/** Serves an agent that takes workloads to check them, and returns its address. */
async function serveChecks(): Promise<string> {
  const engine = createEngine({
    nodeId: "example",
    version: "1",
    runtimes: [
      new CheckingRuntime("process", parseProcessSpec),
      new CheckingRuntime("container", parseContainerSpec),
    ],
    store: new MemoryStateStore({ disk: new MemoryDisk() }),
    clock: new SystemClock(),
    random: new SystemRandom(),
  });
  await engine.start(new AbortController().signal);
  const transport = createConnectTransport({
    handlers: createAgentHandlers({ api: engine.api, logger: silentLogger }),
    host: "127.0.0.1",
    port: 0,
    authenticate: () => "test",
  });
  const { port } = await transport.start();
  onTestFinished(async () => {
    await transport.stop(0);
    await engine.stop();
  });
  return `http://127.0.0.1:${port}`;
}

describe("the workload files of the examples", () => {
  const files = readdirSync(new URL("examples", root)).filter(
    (name) => /\.(?:yaml|json)$/.test(name) && name !== "tsconfig.json",
  );

  it("are accepted by an agent", async () => {
    const endpoint = await serveChecks();
    const valid = files.map(async (name) => {
      const args = ["apply", "--validate-only", "--endpoint", endpoint, "-f", `examples/${name}`];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--conditions=@persys/source", "packages/cli/src/main.ts", ...args],
        { cwd: root, timeout: 30_000 },
      );
      return stdout;
    });

    const said = (await Promise.all(valid)).join("");

    for (const id of ["hello", "job", "web-server", "container-job"])
      expect(said).toContain(`${id}: `);
    expect(files.length).toBeGreaterThanOrEqual(8);
  }, 60_000);

  it("name the files that they speak of", () => {
    const spoken = files.flatMap((name) => {
      const text = readFileSync(new URL(`examples/${name}`, root), "utf8");
      return [...text.matchAll(/examples\/[\w./-]+\w/g)].map(([path]) => path);
    });

    expect(spoken).toContain("examples/web/image.sh");
    for (const path of new Set(spoken))
      expect(() => readFileSync(new URL(path, root))).not.toThrow();
  });
});
