import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { DockerRuntime } from "@persys/adapters/docker";
import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { createEngine, silentLogger } from "@persys/core";
import { createAgentHandlers, createConnectTransport } from "@persys/transports";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithDocker, dockerAt, dockerHost } from "./docker/docker-host.ts";

/** The container examples, done as their first lines and README.md say. Only ids and the port of the host are other ones. */

const root = fileURLToPath(new URL("..", import.meta.url));
const mark = randomBytes(4).toString("hex");

/** A port that nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a program at the root to its end. Rejects, with all it wrote, when it fails. */
function run(
  program: string,
  args: readonly string[],
  { stdin = "", env = {} }: { readonly stdin?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, env: { PATH: process.env["PATH"], HOME: "/nowhere", ...env } };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
    child.stdin?.end(stdin);
  });
}

describeWithDocker("the container examples", () => {
  let endpoint = "";
  let hostPort = 0;
  let end: () => Promise<void> = async () => {};

  const persysctl = (args: readonly string[], stdin = ""): Promise<string> => {
    const main = ["--conditions=@persys/source", "packages/cli/src/main.ts"];
    return run(process.execPath, [...main, ...args, "--endpoint", endpoint], { stdin });
  };

  const applied = (file: string): Promise<string> => {
    const manifest = readFileSync(`${root}examples/${file}`, "utf8")
      .replace(/^id: .*/gm, `$&-${mark}`)
      .replaceAll("host_port: 8080", `host_port: ${hostPort}`);
    return persysctl(["apply", "-f", "-", "--wait"], manifest);
  };

  const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${hostPort}/`)).text();

  beforeAll(async () => {
    const docker = dockerHost().endpoint;
    await run("sh", ["examples/web/image.sh"], { env: { DOCKER_HOST: docker } });
    hostPort = await freePort();
    const nodeId = `examples-${mark}`;
    const engine = createEngine({
      nodeId,
      version: "1",
      runtimes: [new DockerRuntime({ endpoint: docker, nodeId })],
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
    endpoint = `http://127.0.0.1:${(await transport.start()).port}`;
    end = async () => {
      const ids = (await persysctl(["get", "-o", "id"])).split("\n").filter((id) => id !== "");
      if (ids.length > 0) await persysctl(["delete", ...ids, "--wait"]);
      await transport.stop(0);
      await engine.stop();
      await dockerAt(docker).getImage("persys-example/web:1").remove({ force: true });
    };
  });

  afterAll(() => end());

  it("serve a page from a container that is healthy, and the next revision of it", async () => {
    const id = `web-server-${mark}`;
    expect(await applied("web-server.yaml")).toContain(`${id}: RUNNING`);
    expect(await page()).toContain("hello from Persys");

    const description = await persysctl(["describe", id]);
    expect(description).toMatch(/^Health: +healthy/m);
    expect(description).toContain(`127.0.0.1:${hostPort}->8080/tcp`);
    expect(await persysctl(["logs", id, "--timestamps", "--stream", "stdout"])).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z serving \/www on port 8080\n/,
    );

    expect(await applied("web-server-update.yaml")).toContain(`${id}: RUNNING`);
    expect(await page()).toContain("hello again");
    expect(await persysctl(["delete", id, "--wait"])).toContain(`${id}: deleted`);
  });

  it("are done in README.md as they are here", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    const [, block = ""] = /```sh\n([^`]*examples\/web\/image\.sh[^`]*)```/.exec(readme) ?? [];

    expect(
      block
        .trim()
        .split("\n")
        .map((line) => line.replace(/ +#.*/, "")),
    ).toEqual([
      "sh examples/web/image.sh",
      "npx persysctl apply -f examples/web-server.yaml --wait",
      "curl http://127.0.0.1:8080/",
      "npx persysctl apply -f examples/web-server-update.yaml --wait",
      "npx persysctl delete web-server --wait",
    ]);
  });

  it("run a job to its end", async () => {
    const id = `container-job-${mark}`;
    expect(await applied("container-job.yaml")).toContain(`${id}: STOPPED, completed`);
    expect(await persysctl(["logs", id])).toBe(
      "step 1 of counting\nstep 2 of counting\nstep 3 of counting\n",
    );
  });
});
