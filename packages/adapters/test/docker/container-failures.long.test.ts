import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instance, Json, WorkloadId } from "@persys/core";
import { afterAll, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { deriveImage, testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

describeWithDocker("a container that cannot run", () => {
  const host = new DockerHarness();
  const folder = mkdtempSync(join(tmpdir(), "persys-failures-"));
  afterAll(async () => {
    await host.close();
    rmSync(folder, { recursive: true });
  });

  async function expectStartFails(
    name: string,
    spec: Json,
    failure: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const target = host.target(name, spec);
    await host.prepare(target);
    await expect(host.runtime.start(target, forever)).rejects.toMatchObject(failure);
    expect(["created", "exited"]).toContain((await host.current(target.id)).state);
  }

  it.concurrent("says which container has its port", async () => {
    const [holder, asked] = [host.target("port-holder", host.web()), host.id("port-asked")];
    await host.run(holder);
    const hostPort = await host.outsider.publishedPort(holder.id);

    await expectStartFails("port-asked", published(host, hostPort), {
      code: "PORT_CONFLICT",
      message: `tcp port ${hostPort} of 127.0.0.1 is in use by container ${holder.id}: free it, or publish another`,
      effect: "none",
      retryable: true,
    });

    await host.runtime.stop(holder.id, 1_000, forever);
    await host.runtime.start(host.target("port-asked", published(host, hostPort)), forever);
    expect((await host.current(asked)).state).toBe("running");
  });

  for (const transport of ["tcp", "udp"] as const)
    it.concurrent(`says that a ${transport} port is in use by something else on the host`, async () => {
      const { port, close } = await bound(transport);
      try {
        await expectStartFails(`${transport}-held`, published(host, port, transport), {
          code: "PORT_CONFLICT",
          message: `${transport} port ${port} of 127.0.0.1 is in use by something else on this host: free it, or publish another`,
        });
      } finally {
        await close();
      }
      const target = host.target(`${transport}-held`, published(host, port, transport));
      await host.runtime.start(target, forever);
      expect((await host.current(target.id)).state).toBe("running");
    });

  it.concurrent("has a port of another address and of another protocol", async () => {
    const { port, close } = await bound("tcp");
    try {
      const target = host.target(
        "same-port",
        host.web({
          ports: [
            { containerPort: 8080, hostPort: port, hostIp: "127.0.0.2" },
            { containerPort: 8080, hostPort: port, hostIp: "127.0.0.1", protocol: "udp" },
          ],
        }),
      );
      await host.run(target);
      expect((await host.current(target.id)).facts["container.ports"]).toBe(
        `127.0.0.1:${port}->8080/udp, 127.0.0.2:${port}->8080/tcp`,
      );
    } finally {
      await close();
    }
  });

  it.concurrent("leaves what runs running when its port is taken, until its turn has come", async () => {
    const first = host.target("update-port", host.longRunning());
    const { port, close } = await bound("tcp");
    const second = host.target("update-port", published(host, port));
    await host.run(first);
    await host.prepare(second);

    await expect(host.runtime.replace(second, forever)).rejects.toMatchObject({
      code: "PORT_CONFLICT",
    });
    await host.runtime.restore(first.id, forever);
    await close();

    expect(await host.current(first.id)).toMatchObject({
      state: "running",
      revisionId: first.revisionId,
    });
  });

  it.concurrent("says that a path of the host is missing, in prepare and after it", async () => {
    const hostPath = join(folder, "here");
    const volumes = [{ hostPath, containerPath: "/here" }];
    const target = host.target("path", host.longRunning({ volumes }));
    const missing = {
      code: "STORAGE_ERROR",
      message: `${hostPath} does not exist on this host: create it, or correct volumes[0].hostPath`,
      effect: "none",
      retryable: true,
    };

    await expect(host.prepare(target)).rejects.toMatchObject(missing);
    writeFileSync(hostPath, "");
    await host.prepare(target);
    rmSync(hostPath);
    await expect(host.runtime.start(target, forever)).rejects.toMatchObject(missing);
    writeFileSync(hostPath, "");
    await host.runtime.start(target, forever);

    const update = host.target("path", host.longRunning({ volumes, env: { UPDATE: "1" } }));
    const { run } = await host.current(target.id);
    await host.prepare(update);
    rmSync(hostPath);
    await expect(host.runtime.replace(update, forever)).rejects.toMatchObject(missing);
    expect(await host.current(target.id)).toMatchObject({ state: "running", run });
  });

  it.concurrent("says that its network is missing, in prepare and after it", async () => {
    const network = `test-${host.id("net")}`;
    const target = host.target("network", host.longRunning({ network }));
    const missing = { code: "NETWORK_ERROR", effect: "none", details: { network } };
    const create = () =>
      host.docker.createNetwork({ Name: network, Labels: { "persys.node_id": host.nodeId } });

    await expect(host.prepare(target)).rejects.toMatchObject(missing);
    const made = await create();
    await host.prepare(target);
    await made.remove();
    await expect(host.runtime.start(target, forever)).rejects.toMatchObject(missing);
    await create();
    await host.runtime.start(target, forever);

    expect((await host.current(target.id)).state).toBe("running");
  });

  it.concurrent("says that a stranger has its name, touches nothing, and goes on once it is free", async () => {
    const target = host.target("name", host.longRunning());
    const stranger = await host.docker.createContainer({
      name: target.id,
      Image: testImages.busybox,
    });
    const conflict = { code: "NAME_CONFLICT", effect: "none", retryable: true };
    const before = await stranger.inspect();

    await expect(host.prepare(target)).rejects.toMatchObject(conflict);
    await expect(host.runtime.start(target, forever)).rejects.toMatchObject({ effect: "none" });
    await host.runtime.remove(target.id, forever);

    expect(await stranger.inspect()).toEqual(before);
    await stranger.remove();
    await host.run(target);
    expect((await host.current(target.id)).state).toBe("running");
  });

  for (const [what, command, code] of [
    ["is not there", ["/no/such/program"], "COMMAND_NOT_FOUND"],
    ["is not in the path", ["no-such-program"], "COMMAND_NOT_FOUND"],
    ["cannot be executed", ["/etc/passwd"], "PERMISSION_DENIED"],
    ["is a folder", ["/etc"], "PERMISSION_DENIED"],
  ] as const)
    it.concurrent(`says that its program ${what}`, async () => {
      await expectStartFails(
        `program ${what}`.replaceAll(" ", "-"),
        host.longRunning({ command: [...command] }),
        {
          code,
          effect: "none",
        },
      );
    });

  it.concurrent("says that its image has no program", async () => {
    const target = host.target("blank", { image: testImages.blank });
    await expect(host.run(target)).rejects.toMatchObject({ code: "INVALID_SPEC", effect: "none" });
  });

  it.concurrent("says that its user is unknown", async () => {
    await expectStartFails("no-user", host.longRunning({ user: "nobody-knows" }), {
      code: "RUNTIME_ERROR",
      message: expect.stringContaining("nobody-knows"),
      effect: "none",
    });
  });

  it.concurrent("is to be prepared again when its image was removed meanwhile", async () => {
    const tag = `persys-test/gone-${host.id("image")}:1`;
    await deriveImage(host.docker, testImages.busybox, { tag, dockerfile: ["ENV GONE=1"] });
    const first = host.target("image", host.longRunning());
    const second = host.target("image", host.longRunning({ image: tag }));
    await host.run(first);
    await host.prepare(second);
    const before = await host.current(first.id);
    for (const pin of await host.outsider.pins([first.id])) {
      const image = await host.docker.getImage(pin).inspect();
      if (image.RepoTags.includes(tag)) await host.docker.getImage(pin).remove();
    }

    await expect(host.runtime.replace(second, forever)).rejects.toMatchObject({
      code: "NOT_PREPARED",
      effect: "none",
    });

    expect(await host.current(first.id)).toEqual(before);
    await host.prepare(second);
    await host.docker.getImage(tag).remove();
    await host.runtime.replace(second, forever);
    expect((await host.current(first.id)).revisionId).toBe(second.revisionId);
  });

  it.concurrent("has run out of memory", async () => {
    const target = host.target(
      "oom",
      host.script("exec tail /dev/zero", {
        resources: { memoryBytes: 8_388_608, memorySwapBytes: 8_388_608 },
      }),
    );
    await host.prepare(target);
    // The engine notes the cause only when it hears of it before the end, which a busy host may turn round: of several runs one tells.
    await eventually(async () => {
      await host.runtime.start(target, forever);
      const { exit } = await host.ended(target.id);
      expect(exit).toMatchObject({ kind: "code", code: 137 });
      return exit?.kind === "code" && exit.oomKilled === true;
    }, 30_000);
  });

  it.concurrent("has ended with a code at a time", async () => {
    const target = host.target("codes", { image: testImages.exit, env: { CODE: "42" } });
    await host.run(target);
    const { exit, startedAtMs, facts } = await host.ended(target.id);
    const { State } = await host.outsider.inspect(target.id);
    expect(startedAtMs).toBe(Date.parse(State.StartedAt));
    expect(exit).toEqual({ kind: "code", code: 42, endedAtMs: Date.parse(State.FinishedAt) });
    expect(facts).toMatchObject({ "container.exit_code": "42", "container.state": "exited" });
  });

  it.concurrent("is paused, and resumed by a start in the same run", async () => {
    const target = host.target("paused", host.longRunning());
    await host.run(target);
    const { run } = await host.current(target.id);
    await host.outsider.pause(target.id);
    expect(await host.current(target.id)).toMatchObject({ state: "paused", run });

    await host.runtime.start(target, forever);
    expect(await host.current(target.id)).toMatchObject({ state: "running", run });

    await host.outsider.pause(target.id);
    await host.runtime.stop(target.id, 1_000, forever);
    expect((await host.current(target.id)).state).toBe("exited");
  });

  it.concurrent("crash loops by a policy that somebody set, until that is taken back", async () => {
    const target = host.target("looping", host.script("exit 7"));
    await host.prepare(target);
    await host.outsider.update(target.id, { RestartPolicy: { Name: "always" } });
    await (await host.outsider.container(target.id)).start();
    let looping: Instance | undefined;
    await eventually(async () => {
      looping = await host.current(target.id);
      return looping.facts["container.state"] === "restarting";
    }, 20_000);
    expect(looping).toMatchObject({ state: "exited", exit: { kind: "code", code: 7 } });

    await host.runtime.start(target, forever);

    await host.ended(target.id);
    const { RestartCount, HostConfig } = await host.outsider.inspect(target.id);
    expect(HostConfig.RestartPolicy?.Name).toBe("no");
    await host.runtime.stop(target.id, 1_000, forever);
    expect((await host.outsider.inspect(target.id)).RestartCount).toBe(RestartCount);
  });

  it.concurrent("is healthy, and then not, with the words of its check", async () => {
    const check = "test ! -e /tmp/sick || { echo its heart is weak; exit 1; }";
    const target = host.target(
      "health",
      host.longRunning({
        healthcheck: { test: ["CMD-SHELL", check], intervalSeconds: 1, retries: 1 },
      }),
    );
    await host.run(target);
    expect((await host.current(target.id)).health).toBe("starting");
    const healthy = await host.reaches(target.id, (one) => one.health === "healthy");
    const glance = await glanceOf(host, target.id);

    await host.outsider.exec(target.id, ["touch", "/tmp/sick"]);

    const sick = await host.reaches(target.id, (one) => one.health === "unhealthy");
    expect(sick).toMatchObject({ run: healthy.run, healthOutput: "its heart is weak" });
    await eventually(async () => (await glanceOf(host, target.id)) !== glance);
  });

  it.concurrent("is removed by somebody else at the same time", async () => {
    const targets = Array.from({ length: 4 }, (_, at) =>
      host.target(`race-${at}`, host.longRunning()),
    );
    await Promise.all(targets.map((one) => host.run(one)));

    await Promise.all(
      targets.flatMap(({ id }) => [host.outsider.remove(id), host.runtime.remove(id, forever)]),
    );

    for (const { id } of targets) expect(await host.observe(id)).toEqual({ kind: "absent" });
  });
});

function published(host: DockerHarness, hostPort: number, protocol: "tcp" | "udp" = "tcp"): Json {
  return host.web({ ports: [{ containerPort: 8080, hostPort, protocol, hostIp: "127.0.0.1" }] });
}

/** A port of this host that is in use. */
async function bound(
  transport: "tcp" | "udp",
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  if (transport === "udp") {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    return {
      port: socket.address().port,
      close: () => new Promise((resolve) => void socket.close(resolve)),
    };
  }
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

async function glanceOf(host: DockerHarness, id: WorkloadId): Promise<string | undefined> {
  return (await host.runtime.list(forever)).get(id);
}
