import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FailureReason } from "@persys/transports/gen";
import { describe, expect, it } from "vitest";
import { describeWithDocker, dockerHost } from "../../../../test/docker/docker-host.ts";
import { publish, testImages } from "../../../../test/docker/test-images.ts";
import { Canaries } from "../support/canaries.ts";
import { ContainerNode } from "../support/container-node.ts";
import { NodeUnderTest } from "../support/node-under-test.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import { tempFolder } from "../support/temp-folder.ts";

const serve = "exec sleep 600";

/** A whole life takes several agents. */
const lifeTimeoutMs = 180_000;

/** Secrets in a file and in a variable, and the environment of an agent that lets workloads refer to them. */
function references(canaries: Canaries): {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly workload: Record<string, string>;
} {
  const folder = tempFolder();
  writeFileSync(join(folder, "db"), `${canaries.secret("the file")}\n`);
  return {
    folder,
    env: {
      PERSYS_LOG_LEVEL: "debug",
      PERSYS_ALLOWED_SECRET_FILES: folder,
      PERSYS_ALLOWED_SECRET_VARIABLES: "CANARY",
      CANARY: canaries.secret("the variable"),
    },
    workload: { FILE: `file:${join(folder, "db")}`, VARIABLE: "env:CANARY" },
  };
}

describe("a secret of a process", () => {
  it(
    "reaches its program, and is found nowhere else in all its life",
    async () => {
      const canaries = new Canaries();
      const receiver = await OtlpReceiver.start();
      const { folder, env, workload } = references(canaries);
      const node = await NodeUnderTest.start({ ...env, ...receiver.env });
      const first = canaries.secret("env of the first revision");
      await node.apply("web", {
        script: serve,
        revisionId: "r1",
        env: { ...workload, LITERAL: first },
      });
      await node.reaches("web", "RUNNING");
      const environ = readFileSync(`/proc/${await node.pid("web")}/environ`, "latin1");
      expect(environ).toContain(`LITERAL=${first}`);
      expect(environ).toMatch(/FILE=canary-.*VARIABLE=canary-/s);
      await canaries.noteAgent(node, "while it runs");

      await node.apply("web", {
        script: `exec sleep 601`,
        revisionId: "r2",
        env: { ...workload, LITERAL: canaries.secret("env of the second revision") },
      });
      await node.apply("lost", { script: serve, env: { FILE: `file:${join(folder, "late")}` } });
      await node.client.applyWorkload({
        id: "broken",
        desiredState: 1,
        spec: {
          spec: {
            case: "process",
            value: {
              command: ["/no/such"],
              env: { A: canaries.secret("env of a broken command") },
            },
          },
        },
      });
      await node.reaches("broken", "FAILED");
      await node.reaches("lost", "FAILED");
      expect((await node.status("lost")).failure).toMatchObject({
        reason: FailureReason.SECRET_UNAVAILABLE,
        retryable: true,
        message: expect.stringContaining(`file:${join(folder, "late")} does not exist`) as string,
      });
      await refusals(node, canaries);
      await canaries.noteAgent(node, "after failures");

      writeFileSync(join(folder, "late"), canaries.secret("the late file"));
      await node.reaches("lost", "RUNNING");
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        await node.reaches("web", "RUNNING");
        const before = await node.pid("web");
        await node.restart(signal);
        await node.reaches("web", "RUNNING");
        expect(await node.pid("web")).toBe(before);
        process.kill(before, "SIGKILL");
        await expect.poll(() => node.pid("web"), { timeout: 20_000 }).not.toBe(before);
        await canaries.noteAgent(node, `after ${signal}`);
      }
      for (const id of ["web", "lost", "broken"]) {
        await node.client.deleteWorkload({ id });
        await node.reaches(id, "absent");
      }
      await canaries.noteAgent(node, "after the deletion");
      await node.agent.kill();
      canaries.noteFiles(node.agent.devDir, "at the end");
      canaries.note("telemetry", receiver.bodies.join("\n"));

      expect(canaries.found).toEqual([]);
      expect(canaries.looked).toBeGreaterThan(50);
      expect(receiver.bodies.length).toBeGreaterThan(0);
      const keys = join(node.agent.devDir, "secret-keys.json");
      expect(statSync(keys).mode & 0o777).toBe(0o600);
    },
    lifeTimeoutMs,
  );

  it("that was sealed is sealed anew with the next key, and there for a start", async () => {
    const canaries = new Canaries();
    const node = await NodeUnderTest.start();
    const script = `test -n "$A" && exec sleep 600`;
    await node.apply("web", { script, env: { A: canaries.secret("env") } });
    await node.reaches("web", "RUNNING");
    const keys = join(node.agent.devDir, "secret-keys.json");
    await node.agent.kill();
    runKeys(["rotate", "--file", keys]);
    expect(JSON.parse(runKeys(["list", "--json", "--file", keys]))).toMatchObject({
      keys: [{ seals: false }, { seals: true }],
    });
    await node.restart("SIGTERM");
    expect(node.agent.messages()).toContain("stored secrets were sealed anew");
    process.kill(await node.pid("web"), "SIGKILL");
    await node.reaches("web", "RUNNING");

    await canaries.noteAgent(node, "at the end");
    expect(canaries.found).toEqual([]);
  });

  it("whose key is missing starts nothing, names the file, and is there again with it", async () => {
    const node = await NodeUnderTest.start();
    await node.apply("web", { script: serve, env: { A: "sealed-away" } });
    await node.reaches("web", "RUNNING");
    const keys = join(node.agent.devDir, "secret-keys.json");
    await node.agent.kill();
    const kept = readFileSync(keys, "utf8");
    rmSync(keys);
    await node.restart("SIGTERM");
    await node.reaches("web", "RUNNING");
    process.kill(await node.pid("web"), "SIGKILL");
    await node.reaches("web", "FAILED");
    const { failure } = await node.status("web");
    expect(failure?.reason).toBe(FailureReason.SECRET_UNAVAILABLE);
    expect(failure?.message).toContain(keys);

    await node.agent.kill();
    writeFileSync(keys, kept);
    await node.restart("SIGTERM");
    await node.reaches("web", "RUNNING");
  });
});

describeWithDocker("a secret of a container", () => {
  it(
    "reaches its program, and is found nowhere else but in the engine's own files, which are root's",
    async () => {
      const canaries = new Canaries();
      const receiver = await OtlpReceiver.start();
      const { folder, env, workload } = references(canaries);
      const { node, ...host } = await containerNode({ ...env, ...receiver.env });
      const web = host.containers.id("web");
      const literal = canaries.secret("env of the first revision");
      const image = testImages.busybox;
      const running = { image, command: ["/bin/linger"] };
      await host.containers.apply(
        web,
        { ...running, env: { ...workload, LITERAL: literal } },
        { revisionId: "r1" },
      );
      await node.reaches(web, "RUNNING");
      const container = host.containers.docker.getContainer(await host.containers.containerId(web));
      const { Config } = await container.inspect();
      expect(Config.Env).toContain(`LITERAL=${literal}`);
      expect(Config.Env.join("\n")).toMatch(/FILE=canary-.*\n.*VARIABLE=canary-/);
      const { DockerRootDir } = (await host.containers.docker.info()) as { DockerRootDir: string };
      const config = join(DockerRootDir, "containers", container.id, "config.v2.json");
      if (process.getuid?.() === 0) expect(statSync(config).mode & 0o077).toBe(0);
      await canaries.noteAgent(node, "while it runs");

      const [lost, missing, broken] = ["lost", "missing", "broken"].map((name) =>
        host.containers.id(name),
      );
      const second = { ...running, env: { ...workload, LITERAL: canaries.secret("env, second") } };
      await host.containers.apply(web, second, { revisionId: "r2" });
      await host.containers.apply(lost ?? "", {
        ...running,
        env: { FILE: `file:${join(folder, "late")}`, A: canaries.secret("env beside the missing") },
      });
      await host.containers.apply(missing ?? "", {
        image: "persys-test/none:1",
        pullPolicy: "never",
        env: { A: canaries.secret("env of a missing image") },
      });
      await host.containers.apply(broken ?? "", {
        image,
        entrypoint: ["/no/such"],
        env: { A: canaries.secret("env of a broken command") },
      });
      for (const id of [lost, missing, broken]) await node.reaches(id ?? "", "FAILED");
      await canaries.noteAgent(node, "after failures");

      writeFileSync(join(folder, "late"), canaries.secret("the late file"));
      await node.reaches(lost ?? "", "RUNNING");
      await node.restart("SIGKILL");
      await node.reaches(web, "RUNNING");
      await canaries.noteAgent(node, "after a kill");
      for (const id of [web, lost, missing, broken]) {
        await node.client.deleteWorkload({ id: id ?? "" });
        await node.reaches(id ?? "", "absent");
      }
      await canaries.noteAgent(node, "after the deletion");
      canaries.note("telemetry", receiver.bodies.join("\n"));

      expect(canaries.found).toEqual([]);
      expect(receiver.bodies.length).toBeGreaterThan(0);
    },
    lifeTimeoutMs,
  );
});

describeWithDocker("the password of a registry", () => {
  it("pulls, and is found nowhere but in its file, whether the registry takes it or not", async () => {
    const canaries = new Canaries();
    const host = dockerHost();
    const { username, password } = host.credentials;
    const wrong = canaries.secret("a wrong password");
    const authOf = (word: string): string => Buffer.from(`${username}:${word}`).toString("base64");
    canaries.watch("the password", password);
    canaries.watch("the password as it is sent", authOf(password));
    canaries.watch("a wrong password as it is sent", authOf(wrong));
    const folder = tempFolder();
    const { node, containers } = await containerNode({
      PERSYS_LOG_LEVEL: "debug",
      PERSYS_REGISTRY_AUTH_DIR: folder,
    });
    const image = await publish(containers.docker, host, {
      image: testImages.busybox,
      guarded: true,
    });
    const auths = { right: password, wrong };
    for (const [name, word] of Object.entries(auths))
      writeFileSync(
        join(folder, `${name}.json`),
        JSON.stringify({ auths: { [host.guardedRegistry]: { auth: authOf(word) } } }),
        { mode: 0o600 },
      );
    const [right, refused] = ["right", "wrong"].map((name) => containers.id(name));
    const spec = { image, command: ["/bin/linger"], pullPolicy: "always" };
    await containers.apply(right ?? "", { ...spec, registryAuth: "right" });
    await containers.apply(refused ?? "", { ...spec, registryAuth: "wrong" });
    await node.reaches(right ?? "", "RUNNING");
    await node.reaches(refused ?? "", "FAILED");
    const { failure } = await node.status(refused ?? "");
    expect(failure?.reason).toBe(FailureReason.REGISTRY_UNAUTHORIZED);

    await canaries.noteAgent(node, "after the pulls");

    expect(canaries.found).toEqual([]);
    expect(canaries.looked).toBeGreaterThan(10);
  });
});

async function containerNode(
  env: Record<string, string>,
): Promise<{ readonly node: NodeUnderTest; readonly containers: ContainerNode }> {
  const containers = await ContainerNode.start({ env });
  return { node: containers.node, containers };
}

/** Requests that are refused, each with secrets where they do not belong. */
async function refusals(node: NodeUnderTest, canaries: Canaries): Promise<void> {
  const denied = { FILE: "file:/etc/shadow", VARIABLE: "env:PERSYS_DEV_DIR" };
  const said = await canaries.noteRefusal(
    "the refusal of references",
    node.apply("denied", { script: serve, env: { ...denied, A: canaries.secret("beside them") } }),
  );
  expect(said).toContain("secret-file,secret-variable");
  await canaries.noteRefusal(
    "the refusal of a conflict",
    node.apply("web", { script: serve, revisionId: "r2", env: { A: canaries.secret("conflict") } }),
  );
  for (const env of [
    { "1BAD": canaries.secret("under a wrong name") },
    { A: [canaries.secret("of a wrong kind")] },
    { A: { B: canaries.secret("too deep") } },
    { A: `${canaries.secret("with a NUL")}\0` },
    [canaries.secret("in a list")],
  ])
    canaries.note("the refusal of wrong JSON", await refusedJson(node, env));
}

async function refusedJson(node: NodeUnderTest, env: unknown): Promise<string> {
  const { http } = node.agent.endpoints();
  const answer = await fetch(`${http}/persys.agent.v1.AgentService/ApplyWorkload`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${node.agent.token()}` },
    body: JSON.stringify({
      id: "wrong",
      desiredState: "DESIRED_STATE_RUNNING",
      spec: { process: { command: ["/bin/true"], env } },
    }),
  });
  expect(answer.status).toBe(400);
  return answer.text();
}

/** What `persys-agent keys` says. */
function runKeys(words: readonly string[]): string {
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  const args = ["--conditions=@persys/source", main, "keys", ...words];
  return execFileSync(process.execPath, args, { encoding: "utf8" });
}
