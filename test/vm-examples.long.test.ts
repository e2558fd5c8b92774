import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LibvirtRuntime } from "@persys/adapters/libvirt";
import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { createNodeAgentClient } from "@persys/client/node";
import { createEngine, silentLogger } from "@persys/core";
import { createAgentHandlers, createConnectTransport } from "@persys/transports";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sharedLibvirtUri } from "./libvirt/libvirt-host.ts";
import { describeWithGuest, guestImage } from "./vm/test-guest.ts";

/** The examples of virtual machines, done as their first lines say. Only ids are other ones, and the system is the guest of the tests. */

const root = fileURLToPath(new URL("..", import.meta.url));
const mark = randomBytes(4).toString("hex");

describeWithGuest("the examples of virtual machines", () => {
  let endpoint = "";
  let disks = "";
  let end: () => Promise<void> = async () => {};

  const persysctl = (args: readonly string[], stdin = ""): Promise<string> =>
    new Promise((resolve, reject) => {
      const main = ["--conditions=@persys/source", "packages/cli/src/main.ts"];
      const words = [...main, ...args, "--endpoint", endpoint];
      const options = { cwd: root, env: { PATH: process.env["PATH"], HOME: "/nowhere" } };
      const child = execFile(process.execPath, words, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
      });
      child.stdin?.end(stdin);
    });

  const applied = (file: string): Promise<string> => {
    const manifest = readFileSync(`${root}examples/${file}`, "utf8");
    const renamed = manifest.replace(/^id: .*/gm, `$&-${mark}`);
    return persysctl(["apply", "-f", "-", "--wait"], renamed);
  };

  beforeAll(async () => {
    // Not in the folder of temporary files of the user: QEMU has to be able to pass.
    const folder = mkdtempSync("/tmp/persys-vm-examples-");
    disks = join(folder, "disks");
    const imageFolder = join(folder, "images");
    mkdirSync(imageFolder);
    copyFileSync(guestImage(), join(imageFolder, "debian-12.qcow2"));
    const runtime = new LibvirtRuntime({
      nodeId: `examples-${mark}`,
      folder: join(folder, "vm"),
      diskFolder: disks,
      imageFolder,
      uri: sharedLibvirtUri(),
      accelerator: "tcg",
    });
    const engine = createEngine({
      nodeId: `examples-${mark}`,
      version: "1",
      runtimes: [runtime],
      store: new MemoryStateStore({ disk: new MemoryDisk() }),
      clock: new SystemClock(),
      random: new SystemRandom(),
      policy: { settleAfterMs: 500 },
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
      await runtime.close();
      rmSync(folder, { recursive: true, force: true });
    };
  });

  afterAll(() => end(), 60_000);

  it("make a blank machine, and leave nothing of it", async () => {
    const id = `vm-${mark}`;

    expect(await applied("vm.yaml")).toContain(`${id}: RUNNING`);
    const description = await persysctl(["describe", id]);
    expect(description).toMatch(new RegExp(`^Disks: +vda=${disks}/${id}-vda.qcow2$`, "m"));
    expect(await persysctl(["health"])).toMatch(/^Runtime vm: +healthy, QEMU .*libvirt/m);
    expect(await persysctl(["delete", id, "--wait"])).toContain(`${id}: deleted`);

    expect(readdirSync(disks)).toEqual([]);
  }, 60_000);

  it("make one with a system that tells its address, and keep the disk that is to stay", async () => {
    const id = `web-vm-${mark}`;

    expect(await applied("vm-cloud-init.yaml")).toContain(`${id}: RUNNING`);
    const client = createNodeAgentClient({ baseUrl: endpoint });
    const address = async () =>
      (await client.getWorkloadStatus({ id })).status?.metadata["vm.ip_addresses"];
    await expect.poll(address, { timeout: 150_000, interval: 500 }).toMatch(/^192\.168\./);
    expect(await persysctl(["describe", id])).toMatch(/^Address: +192\.168\./m);
    expect(await persysctl(["logs", id])).toContain("guest booted");
    expect(await persysctl(["delete", id, "--wait"])).toContain(`${id}: deleted`);

    expect(readdirSync(disks).toSorted()).toEqual([`${id}-vdb.qcow2`, `${id}-vdb.qcow2.persys`]);
  }, 240_000);
});
