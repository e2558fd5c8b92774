import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Json, parseContainerSpec, type Target } from "@persys/core";
import type { ContainerInspectInfo } from "dockerode";
import { afterAll, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

const mib = 1_048_576;

describeWithDocker("a container is made as its spec says", () => {
  const host = new DockerHarness();
  const folder = mkdtempSync(join(tmpdir(), "persys-fields-"));
  afterAll(async () => {
    await host.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs what is a valid spec; such a container never counts as changed. */
  async function made(
    name: string,
    spec: Json,
    over: Partial<Target> = {},
  ): Promise<ContainerInspectInfo> {
    const parsed = parseContainerSpec(spec);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
    const target = host.target(name, parsed.value.spec, {
      stopGraceMs: parsed.value.stopGraceMs,
      ...over,
    });
    await host.run(target);
    expect((await host.current(target.id)).drift).toEqual([]);
    return host.outsider.inspect(target.id);
  }

  /** What a container has printed once it has ended. */
  async function printed(name: string, spec: Json): Promise<string> {
    await made(name, spec);
    await host.ended(host.id(name));
    return host.output(host.id(name));
  }

  it.concurrent("with the defaults where it says nothing", async () => {
    const { Name, Config, HostConfig } = await made("plain", { image: testImages.busybox });
    expect(Name).toBe(`/${host.id("plain")}`);
    expect(Config).toMatchObject({
      Image: testImages.busybox,
      Cmd: ["sh"],
      StopTimeout: 10,
      Tty: false,
      OpenStdin: false,
      Labels: {
        "persys.managed": "true",
        "persys.workload_id": host.id("plain"),
        "persys.node_id": host.nodeId,
        "persys.uid": "uid-1",
      },
    });
    expect(HostConfig).toMatchObject({
      AutoRemove: false,
      NetworkMode: "bridge",
      Privileged: false,
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      LogConfig: { Type: "json-file", Config: { "max-size": "10000000", "max-file": "5" } },
      Memory: 0,
      NanoCpus: 0,
    });
  });

  it.concurrent("with command and args after the entrypoint of the image", async () => {
    const { Path, Args } = await made("words", {
      image: testImages.entrypoint,
      command: ["a b"],
      args: ["", "$HOME"],
    });
    expect([Path, ...Args]).toEqual(["/bin/entrypoint", "a b", "", "$HOME"]);
    await eventually(async () =>
      (await host.output(host.id("words"))).includes("argument: $HOME\n"),
    );
  });

  it.concurrent("with the entrypoint and command of the image", async () => {
    const { Path, Args } = await made("image-words", { image: testImages.entrypoint });
    expect([Path, ...Args]).toEqual(["/bin/entrypoint", "one", "two"]);
  });

  it.concurrent("with an entrypoint that makes the command of the image count no more", async () => {
    const { Path, Args } = await made("entrypoint", {
      image: testImages.entrypoint,
      entrypoint: ["/bin/linger"],
    });
    expect([Path, ...Args]).toEqual(["/bin/linger"]);
  });

  it.concurrent("with a user, a folder and an environment", async () => {
    const text = await printed(
      "who",
      host.script('echo "$(id -u):$(id -g) $(pwd) $A|$B"', {
        user: "1000:0",
        workingDir: "/srv/app",
        env: { A: "x=y z", B: "" },
      }),
    );
    expect(text).toBe("1000:0 /srv/app x=y z|\n");
  });

  it.concurrent("with the user and folder of the image", async () => {
    const text = await printed("image-user", {
      image: testImages.user,
      command: ["sh", "-c", "id -un; pwd"],
    });
    expect(text).toBe("app\n/srv/app\n");
  });

  it.concurrent("with paths of the host, read-only where it says so", async () => {
    for (const name of ["read", "write"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "read", "it"), "from the host\n");
    const text = await printed(
      "binds",
      host.script("cat /r/it; touch /r/no 2>/dev/null || echo refused; echo back > /w/it", {
        volumes: [
          { hostPath: join(folder, "read"), containerPath: "/r", readOnly: true },
          { hostPath: join(folder, "write"), containerPath: "/w" },
        ],
      }),
    );
    expect(text).toBe("from the host\nrefused\n");
    expect(readFileSync(join(folder, "write", "it"), "utf8")).toBe("back\n");
  });

  it.concurrent("with file systems in memory of the size it says", async () => {
    const text = await printed(
      "tmpfs",
      host.script(
        "df -k /small | tail -n 1 | awk '{print $1, $2}'; mount | grep -c ' /any type tmpfs'",
        {
          tmpfs: [{ containerPath: "/small", sizeBytes: 65_536 }, { containerPath: "/any" }],
        },
      ),
    );
    expect(text).toBe("tmpfs 64\n1\n");
  });

  it.concurrent("with its ports, by number and picked, at one address, several and all", async () => {
    const [first, second] = await freePorts(host, 2);
    await made(
      "ports",
      host.web({
        ports: [
          { containerPort: 8080, hostPort: first, hostIp: "127.0.0.1" },
          { containerPort: 8080, hostPort: second, hostIp: "127.0.0.2" },
          { containerPort: 8080, hostIp: "127.0.0.1" },
          { containerPort: 9090, protocol: "udp", hostPort: first, hostIp: "127.0.0.1" },
          { containerPort: 7070 },
        ],
      }),
    );
    const { Ports } = (await host.outsider.inspect(host.id("ports"))).NetworkSettings;
    const web = (Ports["8080/tcp"] ?? []).map((one) => [one.HostIp, Number(one.HostPort)] as const);
    expect(web).toEqual(
      expect.arrayContaining([
        ["127.0.0.1", first],
        ["127.0.0.2", second],
      ]),
    );
    expect(web).toHaveLength(3);
    expect(Ports["9090/udp"]).toEqual([{ HostIp: "127.0.0.1", HostPort: String(first) }]);
    expect(Ports["7070/tcp"]?.map((one) => one.HostIp)).toContain("0.0.0.0");
    for (const [address, port] of web)
      await eventually(async () => {
        const answer = await fetch(`http://${address}:${port}/`).catch(() => undefined);
        return (await answer?.text()) === "persys test\n";
      });
    await made(
      "ports-udp",
      host.longRunning({ ports: [{ containerPort: 9090, protocol: "udp", hostIp: "127.0.0.1" }] }),
    );
    const facts = (await host.current(host.id("ports-udp"))).facts;
    expect(facts["container.ports"]).toMatch(/^127\.0\.0\.1:\d+->9090\/udp$/);
  });

  it.concurrent("with names of hosts", async () => {
    const text = await printed(
      "hosts",
      host.script("grep -e db -e six -e gw /etc/hosts | awk '{print $1, $2}'", {
        extraHosts: { db: "10.1.2.3", six: "fe80::1", gw: "host-gateway" },
      }),
    );
    expect(text).toMatch(/^10\.1\.2\.3 db$/m);
    expect(text).toMatch(/^fe80::1 six$/m);
    expect(text).toMatch(/^10\.\d+\.\d+\.\d+ gw$|^172\.\d+\.\d+\.\d+ gw$/m);
  });

  for (const network of ["host", "none", "bridge"])
    it.concurrent(`in the network ${network}`, async () => {
      const { HostConfig, NetworkSettings } = await made(
        `net-${network}`,
        host.longRunning({ network }),
      );
      expect(HostConfig.NetworkMode).toBe(network);
      expect(Object.keys(NetworkSettings.Networks)).toEqual([network]);
    });

  it.concurrent("in a network of its own, by name or id", async () => {
    const name = `test-${randomUUID()}`;
    const { id } = await host.docker.createNetwork({
      Name: name,
      Labels: { "persys.node_id": host.nodeId },
    });
    await made("net-web", host.web({ network: name, ports: [] }));
    await made("net-id", host.longRunning({ network: id }));
    const text = await printed(
      "net-named",
      host.script(`until wget -q -O - http://${host.id("net-web")}:8080/; do sleep 0.1; done`, {
        network: name,
      }),
    );
    expect(text).toBe("persys test\n");
  });

  it.concurrent("privileged, where the host allows that", async () => {
    const target = host.target("privileged", host.longRunning({ privileged: true }));
    await host.prepare(target);
    expect((await host.outsider.inspect(target.id)).HostConfig.Privileged).toBe(true);
  });

  it.concurrent("with a health check of its own, that of the image, and none", async () => {
    const own = await made(
      "own-check",
      host.longRunning({
        healthcheck: {
          test: ["CMD", "true"],
          intervalSeconds: 2,
          timeoutSeconds: 3,
          startPeriodSeconds: 4,
          retries: 5,
        },
      }),
    );
    expect(own.Config.Healthcheck).toEqual({
      Test: ["CMD", "true"],
      Interval: 2e9,
      Timeout: 3e9,
      StartPeriod: 4e9,
      Retries: 5,
    });
    const image = await made("image-check", host.web({ healthcheck: { retries: 7 } }));
    expect(image.Config.Healthcheck).toMatchObject({
      Test: ["CMD-SHELL", expect.stringContaining("/tmp/sick")],
      Interval: 1e9,
      Timeout: 2e9,
      Retries: 7,
    });
    await made("no-check", host.web({ healthcheck: { test: ["NONE"] } }));
    expect((await host.current(host.id("no-check"))).health).toBe("none");
  });

  it.concurrent("with limits", async () => {
    const { HostConfig } = await made(
      "limits",
      host.longRunning({
        resources: {
          memoryBytes: 64 * mib,
          memorySwapBytes: 96 * mib,
          cpuShares: 512,
          cpuMillicores: 250,
          pidsLimit: 20,
        },
      }),
    );
    expect(HostConfig).toMatchObject({
      Memory: 64 * mib,
      CpuShares: 512,
      NanoCpus: 250_000_000,
      PidsLimit: 20,
    });
    expect([96 * mib, -1]).toContain(HostConfig.MemorySwap); // -1: the host has no limit of swap.
  });

  it.concurrent("with labels, bounds of its log and a grace", async () => {
    const { Config, HostConfig } = await made("rest", {
      image: testImages.busybox,
      command: ["/bin/linger"],
      labels: { tier: "front", "com.example/x": "" },
      log: { maxSizeBytes: 20_000, maxFiles: 2 },
      stopGraceSeconds: 33,
    });
    expect(Config.Labels).toMatchObject({ tier: "front", "com.example/x": "" });
    expect(HostConfig.LogConfig?.Config).toEqual({ "max-size": "20000", "max-file": "2" });
    expect(Config).toMatchObject({ StopTimeout: 33 });
  });

  for (const text of ["x", "persys.kept.web", "persys.id.y", "a.b_c-d", `long-${"x".repeat(58)}`])
    it.concurrent(`under a name that the engine takes for the id ${text}`, async () => {
      const id = host.known(text);
      const target = host.target("id", host.longRunning(), { id });
      const update = { ...host.target("id", host.longRunning({ env: { V: "2" } })), id };
      await host.run(target);
      await host.prepare(update);
      await host.runtime.replace(update, forever);
      expect((await host.current(id)).drift).toEqual([]);
      await host.runtime.restore(id, forever);
      expect(await host.current(id)).toMatchObject({ revisionId: target.revisionId, drift: [] });
      await host.runtime.remove(id, forever);
    });
});

/** Ports that nothing uses now. */
async function freePorts(host: DockerHarness, count: number): Promise<readonly number[]> {
  const container = await host.docker.createContainer({
    Image: testImages.busybox,
    Cmd: ["/bin/linger"],
    ExposedPorts: Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`${at + 1}/tcp`, {}]),
    ),
    HostConfig: { PublishAllPorts: true },
    Labels: { "persys.node_id": host.nodeId },
  });
  await container.start();
  const { Ports } = (await container.inspect()).NetworkSettings;
  await container.remove({ force: true });
  return Object.values(Ports).map((one) => Number(one?.[0]?.HostPort));
}
