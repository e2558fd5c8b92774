import { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ExitCode } from "../src/exit-codes.ts";
import { runAgent } from "../src/run-agent.ts";
import { packageVersion } from "../src/version.ts";
import { stubEngine, stubModule } from "./support/stub-agent.ts";
import { tempFolder } from "./support/temp-folder.ts";

interface Ran {
  readonly exit: Promise<ExitCode>;
  readonly process: EventEmitter;
  readonly out: () => string;
  readonly err: () => string;
}

/** Runs the agent in this process with a stub engine, in a folder of its own. */
function ran(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const cwd = tempFolder();
  const source = new EventEmitter();
  let out = "";
  let err = "";
  const exit = runAgent({
    argv,
    env: {
      PERSYS_DEV_DIR: cwd,
      PERSYS_HTTP_PORT: "0",
      PERSYS_GRPC_PORT: "0",
      PERSYS_METRICS_PORT: "0",
      // Whoever waits for an agent here waits for all that it loads.
      PERSYS_VM_ENABLED: "false",
      ...env,
    },
    cwd,
    home: undefined,
    userHome: cwd,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    process: source,
    modules: () => Promise.resolve([stubModule(stubEngine())]),
  });
  return { exit, process: source, out: () => out, err: () => err };
}

describe("runAgent", () => {
  it.each([
    ["--help", "Usage: persys-agent"],
    ["--version", packageVersion],
  ])("answers %s and ends with 0", async (flag, text) => {
    const run = ran([flag]);

    expect(await run.exit).toBe(0);
    expect(run.out()).toContain(text);
  });

  it("says what is wrong with the command line and ends with 2", async () => {
    const run = ran(["--devv"]);

    expect(await run.exit).toBe(2);
    expect(run.err()).toBe(
      "persys-agent: unknown flag --devv; did you mean --dev?\npersys-agent: persys-agent --help shows what there is\n",
    );
  });

  it("says that the settings are right, with warnings", async () => {
    const run = ran(["--check-config"], { PERSYS_GC_ENABLED: "true" });

    expect(await run.exit).toBe(0);
    expect(run.out()).toBe("the settings are right\n");
    expect(run.err()).toContain("PERSYS_GC_ENABLED has no effect");
  });

  it("refuses a configuration file that is not there", async () => {
    const run = ran(["--dev"], { PERSYS_CONFIG_FILE: "missing.yaml" });

    expect(await run.exit).toBe(2);
    expect(run.err()).toMatch(/^persys-agent: \/.*\/missing\.yaml cannot be read \(ENOENT\)\n$/);
  });

  it("refuses a token file that is of no use, and ends with 2", async () => {
    const folder = tempFolder();
    writeFileSync(`${folder}/token`, "short");

    const run = ran(["--dev"], { PERSYS_DEV_DIR: folder });

    expect(await run.exit).toBe(2);
    expect(run.err()).toContain("must hold one word of at least 32");
  });

  it("runs until it is told to stop, and says for people where it serves", async () => {
    const run = ran(["--dev"]);
    await expect
      .poll(run.out, { timeout: 10_000 })
      .toContain(`persys-agent ${packageVersion} is up`);

    run.process.emit("SIGTERM", "SIGTERM");

    expect(await run.exit).toBe(0);
    expect(run.process.eventNames()).toEqual([]);
  });

  it("warns of a Docker engine that is spoken to over the network without TLS", async () => {
    const run = ran(["--dev"], { DOCKER_HOST: "tcp://engine:2375" });
    await expect.poll(run.out).toContain("is up");
    run.process.emit("SIGTERM", "SIGTERM");

    await run.exit;
    expect(run.err()).toContain("the Docker engine at tcp://engine:2375 is spoken to without TLS");
  });

  it("logs what nobody caught before the process ends", async () => {
    const run = ran(["--dev"]);
    await expect.poll(run.out).toContain("is up");

    run.process.emit("uncaughtExceptionMonitor", new Error("a bug"));
    run.process.emit("SIGTERM", "SIGTERM");

    await run.exit;
    expect(run.err()).toContain("unexpected error; the agent ends, workloads go on running");
    expect(run.err()).toContain("a bug");
  });

  it("warns of an API that others can reach", async () => {
    const env = { PERSYS_HTTP_ADDR: "0.0.0.0", PERSYS_HTTP_ALLOW_CLEARTEXT: "true" };
    const run = ran(["--dev"], env);
    await expect.poll(run.out).toContain("is up");
    run.process.emit("SIGTERM", "SIGTERM");

    await run.exit;
    expect(run.err()).toContain("is served without TLS");
  });
});
