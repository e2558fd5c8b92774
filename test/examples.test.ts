import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { LibvirtRuntime } from "@persys/adapters/libvirt";
import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { runtimeContract, SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import { describeContract } from "@persys/conformance/vitest";
import {
  createEngine,
  type Demands,
  parseContainerSpec,
  parseProcessSpec,
  silentLogger,
} from "@persys/core";
import { createAgentHandlers, createConnectTransport } from "@persys/transports";
import { describe, expect, it, onTestFinished } from "vitest";
import { subject } from "../examples/custom-runtime-subject.ts";

const root = new URL("..", import.meta.url);

async function runExample(name: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@persys/source", `examples/${name}`],
    { cwd: root, timeout: 30_000 },
  );
  return stdout.trimEnd().split("\n");
}

describe("examples/embed.ts", () => {
  it("brings up a workload, watches it run, and leaves nothing", async () => {
    const lines = await runExample("embed.ts");

    expect(lines).toContain("clock: tick");
    expect(lines.some((line) => line.startsWith("clock is running"))).toBe(true);
    expect(lines.at(-1)).toBe("0 workloads are left");
  }, 30_000);
});

// What its subject lacks stays unjudged: a ticker has no secrets, no host that can be away, and nobody changes it behind its runtime.
describeContract("examples/custom-runtime.ts", runtimeContract(subject), {
  concurrent: true,
  failOn: "MAY",
  unjudged: [
    "secrets-are-redacted",
    "secrets-stay-out-of-refusals",
    "secrets-stay-out-of-observations",
    "health-is-seen",
    "start-resumes-the-paused",
    "stop-ends-the-paused",
    "removed-behind-is-absent",
    "stop-waits-for-the-end",
    "replace-waits-for-the-end",
    "stop-is-forced",
    "a-long-call-holds-up-nobody",
    "prepare-tells-of-its-failure",
    "start-tells-of-its-failure",
    "an-unseen-end-is-unknown",
    "drift-is-seen-and-set-right",
    "a-restart-is-invisible",
    "a-restart-keeps-what-is-prepared",
    "strangers-are-left-alone",
    "look-alikes-are-left-alone",
    "strangers-near-a-workload",
    "every-call-repeats-paused",
    "every-call-repeats-with-only-a-kept-one",
    "cancelled-stop-forces-nothing",
    "unreadable-is-not-absent",
    "unreadable-is-not-empty",
    "changes-fail-while-cut-off",
    "an-outage-ends",
    "a-silent-host-holds-nobody",
    "changes-behind-are-hinted",
    "streams-do-not-fall-silent",
  ],
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
  const machines = new LibvirtRuntime({ nodeId: "example", folder: "/nonexistent" });
  onTestFinished(() => machines.close());
  const engine = createEngine({
    nodeId: "example",
    version: "1",
    runtimes: [
      new CheckingRuntime("process", parseProcessSpec),
      new CheckingRuntime("container", parseContainerSpec),
      new CheckingRuntime("vm", (input) => machines.parseSpec(input)),
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
    authenticate: () => ({ kind: "known", principal: { identity: "test", role: "admin" } }),
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
    // Another revision of an id is no document for the same call.
    const updates = files.filter((name) => name.includes("-update."));
    const calls = [files.filter((name) => !updates.includes(name)), updates];
    const valid = calls.map(async (names) => {
      const from = names.flatMap((name) => ["-f", `examples/${name}`]);
      const args = ["apply", "--validate-only", "--endpoint", endpoint, ...from];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--conditions=@persys/source", "packages/cli/src/main.ts", ...args],
        { cwd: root, timeout: 30_000 },
      );
      return stdout;
    });

    const said = (await Promise.all(valid)).join("");

    for (const id of ["hello", "job", "web-server", "container-job", "vm", "web-vm"])
      expect(said).toContain(`${id}: `);
    expect(files.length).toBeGreaterThanOrEqual(10);
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
