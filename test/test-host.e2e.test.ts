import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseEnv, promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeWithDocker } from "./docker/docker-host.ts";

const testHost = fileURLToPath(new URL("../scripts/test-host", import.meta.url));
const run = promisify(execFile);

/** Calls the script for engines of its own. */
class HostUnderTest {
  readonly root: string = mkdtempSync("/tmp/persys-host-");
  readonly #more: NodeJS.ProcessEnv;

  constructor(more: NodeJS.ProcessEnv = {}) {
    this.#more = more;
  }

  call(...words: string[]): Promise<{ stdout: string; stderr: string }> {
    return run(testHost, words, { env: this.#env() });
  }

  /** A shell script in a run of its own. */
  running(script: string): ChildProcessByStdio<null, Readable, null> {
    return spawn(testHost, ["run", "sh", "-c", script], {
      env: this.#env(),
      stdio: ["ignore", "pipe", "ignore"],
    });
  }

  async dispose(): Promise<void> {
    await this.call("down");
    rmSync(this.root, { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    const { PERSYS_TEST_DOCKER_HOST: _, ...rest } = process.env;
    return { ...rest, PERSYS_TEST_ROOT: this.root, ...this.#more };
  }
}

describeWithDocker("scripts/test-host up", () => {
  let host: HostUnderTest;
  let said: string;

  beforeAll(async () => {
    host = new HostUnderTest();
    said = (await host.call("up")).stdout;
  });

  afterAll(async () => {
    await host.dispose();
  });

  it("tells the tests where everything is", async () => {
    // These are there only where they could be made.
    const made = ["PERSYS_TEST_COMPOSE", "PERSYS_TEST_GUEST"];
    const names = Object.keys(parseEnv(said)).filter((one) => !made.includes(one));
    expect(names.toSorted()).toEqual([
      "PERSYS_TEST_DOCKER_HOST",
      "PERSYS_TEST_IMAGES",
      "PERSYS_TEST_LIBVIRT",
      "PERSYS_TEST_REDIS",
      "PERSYS_TEST_REGISTRY",
      "PERSYS_TEST_REGISTRY_AUTH",
      "PERSYS_TEST_REGISTRY_PASSWORD",
      "PERSYS_TEST_REGISTRY_USER",
    ]);
  });

  it("says the same again and starts nothing twice", async () => {
    const pids = (): readonly string[] =>
      ["docker", "open", "auth", "redis", "libvirt"].map((part) =>
        readFileSync(`${host.root}/${part}/pid`, "utf8"),
      );
    const before = pids();

    expect((await host.call("up")).stdout).toBe(said);
    expect(pids()).toEqual(before);
  });

  it("lets only those into the guarded registry who know the password", async () => {
    const variables = parseEnv(said);
    const list = `http://${variables["PERSYS_TEST_REGISTRY_AUTH"]}/v2/_catalog`;
    const word = `${variables["PERSYS_TEST_REGISTRY_USER"]}:${variables["PERSYS_TEST_REGISTRY_PASSWORD"]}`;
    const authorization = `Basic ${Buffer.from(word).toString("base64")}`;

    expect((await fetch(list)).status).toBe(401);
    const answer = await fetch(list, { headers: { authorization } });
    expect(await answer.json()).toEqual({
      repositories: ["persys-test/busybox", "persys-test/large", "persys-test/web"],
    });
  });

  it("leaves to a run what was up before, and the run ends as its command does", async () => {
    await expect(host.call("run", "sh", "-c", "exit 7")).rejects.toMatchObject({ code: 7 });

    await host.call("status");
  });

  it("replaces an engine, a registry, a Redis server and libvirt that were killed", async () => {
    for (const part of ["docker", "open", "redis", "libvirt"])
      process.kill(Number(readFileSync(`${host.root}/${part}/pid`, "utf8")), "SIGKILL");

    await expect(host.call("status")).rejects.toMatchObject({ code: 4 });
    await host.call("up");

    const { stdout } = await host.call("status", "--json");
    const { root } = host;
    expect(JSON.parse(stdout)).toEqual({
      root,
      docker: "up",
      registry: "up",
      registryAuth: "up",
      redis: "up",
      libvirt: "up",
    });
  });
});

describeWithDocker("scripts/test-host run", () => {
  let host: HostUnderTest;

  beforeEach(() => {
    host = new HostUnderTest();
  });

  afterEach(async () => {
    await host.dispose();
  });

  it("hands on what ends it, and leaves nothing behind after the last of several", async () => {
    const { root } = host;
    const long = host.running("echo ready; exec sleep 1000");
    await once(long.stdout, "data");

    const { stdout } = await host.call("run", "sh", "-c", "echo $PERSYS_TEST_DOCKER_HOST");
    expect(stdout).toBe(`unix://${root}/docker/s\n`);
    await host.call("status");
    const { bridge } = JSON.parse(readFileSync(`${root}/docker/daemon.json`, "utf8"));
    expect(readdirSync("/sys/class/net")).toContain(bridge);
    long.kill("SIGTERM");

    expect(await once(long, "exit")).toEqual([143, null]);
    expect(existsSync(root)).toBe(false);
    expect(readdirSync("/sys/class/net")).not.toContain(bridge);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(root);
    expect(commandLines().filter((line) => line.includes(root))).toEqual([]);
    await expect(host.call("status")).rejects.toMatchObject({ code: 4 });
  });
});

describeWithDocker("scripts/test-host run, where no engine starts", () => {
  it("runs the command all the same, without addresses", async () => {
    const programs = mkdtempSync("/tmp/persys-programs-");
    writeFileSync(`${programs}/dockerd`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const host = new HostUnderTest({ PATH: `${programs}:${process.env["PATH"]}` });
    try {
      const { stdout } = await host.call("run", "sh", "-c", 'echo "<$PERSYS_TEST_DOCKER_HOST>"');

      expect(stdout).toBe("<>\n");
      expect(existsSync(host.root)).toBe(false);
    } finally {
      rmSync(programs, { recursive: true });
      await host.dispose();
    }
  });
});

describe("scripts/test-host", () => {
  it.each([[["sideways"]], [["run"]], [["up", "now"]], [["dockerd-up"]]])(
    "refuses %j",
    async (words) => {
      await expect(run(testHost, words)).rejects.toMatchObject({ code: 2 });
    },
  );
});

function commandLines(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1");
      } catch {
        return ""; // It has ended meanwhile.
      }
    });
}
