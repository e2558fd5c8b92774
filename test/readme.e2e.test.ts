import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import packageJson from "../package.json" with { type: "json" };

/** What README.md tells people to type, typed. Only the agent's folder and ports are other ones. */

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");
const devDir = mkdtempSync(join(tmpdir(), "persys-readme-"));
const secureDir = mkdtempSync(join(tmpdir(), "persys-readme-tls-"));

/** What commands see, with the development agent of a folder. */
const envOf = (folder: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
  HOME: folder,
  PERSYS_DEV_DIR: folder,
  PERSYS_HTTP_PORT: "0",
  PERSYS_GRPC_PORT: "0",
  PERSYS_METRICS_PORT: "0",
});

/** The shell blocks of a Markdown text, in order. */
function shellBlocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
}

/** The one block that holds `text`; where it is a whole line, the one that is it. */
function blockWith(text: string): string {
  const blocks = shellBlocks(readme);
  const whole = blocks.filter((block) => block.trim() === text);
  const found = whole.length > 0 ? whole : blocks.filter((block) => block.includes(text));
  expect(found, `blocks of README.md with ${text}`).toHaveLength(1);
  return found[0] ?? "";
}

/** Runs shell commands at the root, as somebody who reads would. Rejects, with all they wrote, when one of them fails. */
async function sh(script: string, folder = devDir): Promise<string> {
  const at = { cwd: root, env: envOf(folder) };
  const { stdout } = await promisify(execFile)("sh", ["-euc", script], at);
  return stdout;
}

/** A command that runs until it is ended, or ends by itself. */
class Running {
  readonly #lines: string[] = [];
  readonly #child: ReturnType<typeof spawn>;
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;

  constructor(command: string, folder = devDir) {
    // A group of its own: npm and the shells below it are ended with it.
    const stdio = ["ignore", "pipe", "pipe"] as const;
    this.#child = spawn("sh", ["-euc", command], {
      cwd: root,
      env: envOf(folder),
      detached: true,
      stdio: [...stdio],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on("line", (line) => this.#lines.push(line));
    }
    this.ended = new Promise((resolve) => void this.#child.once("close", resolve));
  }

  /** Resolves once it has written a line with `text`. */
  async says(text: string): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    while (!this.#lines.some((line) => line.includes(text))) {
      if (over) throw new Error(`it ended without a word of "${text}":\n${this.#lines.join("\n")}`);
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  }

  /** Sends a signal to it and all that it has started. */
  signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
  }
}

/** Where the development agent of a folder serves. */
function endpointsOf(folder: string) {
  return JSON.parse(readFileSync(`${folder}/endpoints.json`, "utf8")) as {
    readonly http: string;
    readonly grpc: string;
    readonly metrics: string;
  };
}

describe("README.md", () => {
  const agent = new Running(blockWith("npm start"));

  afterAll(async () => {
    await sh("for id in $(npx persysctl get -o id); do npx persysctl delete $id --wait; done");
    agent.signal("SIGINT");
    await agent.ended;
    rmSync(devDir, { recursive: true, force: true });
  });

  it("has no commands but those that run here", () => {
    // That of the containers is typed where their examples are tested.
    const known = [
      "PERSYS_TLS_ENABLED=true npm start",
      "npm start",
      "examples/web/image.sh",
      "persysctl whoami",
      "grpcurl",
      "npx persysctl",
      "npm test",
      "curl ",
      "npm run example",
      "npm run conformance",
    ];

    const firsts = shellBlocks(readme).map((block) => known.find((word) => block.includes(word)));

    expect(firsts).toHaveLength(known.length);
    expect(new Set(firsts)).toEqual(new Set(known));
    expect(blockWith("npm test").trim()).toBe("npm test");
    for (const [, name = ""] of readme.matchAll(/`npm run ([\w:]+)/g)) {
      expect(Object.keys(packageJson.scripts)).toContain(name);
    }
  });

  it("starts an agent that serves", async () => {
    await agent.says("persysctl apply");

    const { http, metrics } = endpointsOf(devDir);
    expect(http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const path of ["/health", "/ready", "/metrics"]) {
      expect(readme).toContain(`\`${path}\``);
      expect((await fetch(`${metrics}${path}`)).status).toBe(200);
    }
  });

  it("runs, shows and deletes a process with persysctl", async () => {
    const lines = blockWith("examples/hello.yaml").trim().split("\n");
    const follow = lines.find((line) => line.includes("logs -f")) ?? "";
    const before = lines.slice(0, lines.indexOf(follow));

    const shown = await sh(before.join("\n"));
    const logs = new Running(follow);
    await logs.says("hello, world");
    const deleted = await sh(lines.slice(before.length + 1).join("\n"));

    expect(shown).toMatch(/hello\s+process\s+running\s+RUNNING/);
    expect(shown).toMatch(/^State:\s+RUNNING/m);
    expect(deleted).toContain("hello: deleted");
    expect(await logs.ended).toBe(0);
  }, 60_000);

  it("does the same with curl", async () => {
    const { http } = endpointsOf(devDir);
    const block = blockWith("TOKEN=");
    expect(block).toContain("http://127.0.0.1:50052");
    expect(block).toContain(".persys/dev/token");

    const answers = await sh(
      block
        .replaceAll("http://127.0.0.1:50052", http)
        .replaceAll(".persys/dev/token", `${devDir}/token`),
    );

    expect(answers).not.toContain('"code"');
    expect(answers).toMatch(/^\{"applied":true/);
    expect(answers).toContain('{"workloads":[{"id":"hello"');
    expect(answers).toContain('{"success":true');
  }, 30_000);

  it("serves over TLS, to persysctl, curl and grpcurl", async () => {
    const secure = new Running(blockWith("PERSYS_TLS_ENABLED=true npm start"), secureDir);
    onTestFinished(async () => {
      secure.signal("SIGINT");
      await secure.ended;
      rmSync(secureDir, { recursive: true, force: true });
    });
    await secure.says("persysctl apply");
    const { http, grpc } = endpointsOf(secureDir);
    const typed = (text: string): string => {
      const block = blockWith(text);
      expect(block).toContain(".persys/dev/certs");
      return block
        .replaceAll(".persys/dev", secureDir)
        .replaceAll("https://127.0.0.1:50052", http)
        .replaceAll("127.0.0.1:50051", grpc);
    };

    expect(http).toMatch(/^https:/);
    expect(await sh("npx persysctl whoami", secureDir)).toMatch(/^Role: +admin$/m);
    const shown = await sh(typed("persysctl whoami"), secureDir);
    expect(shown).toMatch(/^Role: +viewer$/m);
    expect(shown).toContain('"role":"operator"');
    // A program that not everybody has.
    const gives = await sh("command -v grpcurl >/dev/null && echo yes || echo no");
    if (gives.trim() === "yes") expect(await sh(typed("grpcurl"), secureDir)).toContain("{");
  }, 60_000);

  it("embeds the engine", async () => {
    const shown = await sh(blockWith("npm run example"));

    expect(shown).toContain("clock is running");
    expect(shown.trimEnd()).toMatch(/0 workloads are left$/);
  }, 30_000);

  it("judges the example of a runtime", async () => {
    // All of its cases run where the examples are tested.
    const shown = await sh(`${blockWith("npm run conformance").trim()} --only RT-030,RT-031`);

    expect(shown).toMatch(/\d+ passed, 0 failed/);
  }, 60_000);

  it.for([
    "README.md",
    "docs/api-contract.md",
    "docs/architecture.md",
    "docs/containers.md",
    "docs/crash-matrix.md",
    "docs/operations.md",
    "docs/runtime-contract.md",
    "docs/security.md",
    "docs/simulation.md",
    "docs/state-model.md",
    "docs/state-store-contract.md",
  ])("%s links to what there is", (file) => {
    const text = readFileSync(`${root}${file}`, "utf8");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, to = ""]) => to);

    expect(links.filter((to) => !existsSync(join(root, dirname(file), to)))).toEqual([]);
  });
});
