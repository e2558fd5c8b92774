import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Observation, Target } from "@persys/core";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt, sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { ensureDisk, growDisk, removeDisk } from "../../src/libvirt/disk-files.ts";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { withoutOwnership } from "../../src/libvirt/domain-description.ts";
import { observationOf } from "../../src/libvirt/domain-observation.ts";
import { DomainOperations, qemuFlags } from "../../src/libvirt/domain-operations.ts";
import { marksFor, ownershipElement } from "../../src/libvirt/domain-ownership.ts";
import { DomainUsage } from "../../src/libvirt/domain-usage.ts";
import { type Machine, machineOf } from "../../src/libvirt/machine.ts";
import { machineXml } from "../../src/libvirt/machine-xml.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import { imageInfo } from "../../src/libvirt/qemu-img.ts";
import { LibvirtClient, parseLibvirtUri } from "../../src/libvirt/rpc/index.ts";
import { vmSpecOf } from "../../src/libvirt/vm-spec.ts";
import { aTarget, workloadId } from "./targets.ts";

const run = promisify(execFile);
const { signal } = new AbortController();
const nodeId = "node";
const mebibyte = 1_048_576;

describeWithLibvirt("a machine of QEMU", () => {
  it("boots, is given an address, survives what is done behind it, and grows with its data", async () => {
    const folder = await mkdtemp("/tmp/persys-vm-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const client = connected();
    const id = workloadId(`qemu-${randomUUID().slice(0, 8)}`);
    const machineFor = (target: Target): Machine => {
      const spec = vmSpecOf(target.spec);
      if (spec === undefined) throw new Error("no spec");
      return machineOf(target, spec, {
        nodeId,
        architecture: "x86_64",
        accelerator: "tcg",
        imageFolder: folder,
        consoleLog: join(folder, "console.log"),
        seedPath: undefined,
        networks: new Set(["default"]),
      });
    };
    const domains = new OwnedDomains(client, nodeId);
    const operations = new DomainOperations({
      calls: new DomainCalls(client),
      domains,
      nodeId,
      flags: qemuFlags,
      describe: async (target) => {
        const current = marksFor(target, "none");
        const ownership = { id, nodeId, current, kept: undefined };
        const xml = machineXml(machineFor(target), ownershipElement(ownership));
        return withoutOwnership(xml) ?? "";
      },
    });
    onTestFinished(() => operations.remove(id, signal));
    const look = async (): Promise<Observation> => {
      const seen = (await domains.all(signal)).get(id);
      return seen === undefined ? { kind: "absent" } : observationOf(seen);
    };
    const revision = (revisionId: string, memoryMb: number): Target =>
      aTarget({
        id,
        revisionId,
        specDigest: `digest-${revisionId}`,
        stopGraceMs: 0,
        spec: {
          vcpus: 1,
          memoryMb,
          disks: [{ sizeGb: 1 }, { path: "/usr/lib/ipxe/ipxe.iso", format: "iso" }],
          networks: [{}],
        },
      });
    const first = revision("r1", 64);
    const [disk] = machineFor(first).disks;
    const path = disk?.path ?? "";
    const wanted = {
      path,
      format: "qcow2",
      base: undefined,
      claim: { nodeId, id, retained: false },
    } as const;
    await ensureDisk({ ...wanted, sizeBytes: 2 * mebibyte }, signal);
    await run("qemu-io", ["-f", "qcow2", "-c", "write -P 9 64k 64k", path]);

    await operations.makeCurrent(first, signal);

    const { mac = "" } = machineFor(first).interfaces[0] ?? {};
    await expect
      .poll(() => addressOf(client, mac), { timeout: 45_000, interval: 250 })
      .toMatch(/^192\./);
    const uuid = machineFor(first).uuid;
    expect(await look()).toMatchObject({
      instances: [{ state: "running", facts: { "vm.uuid": uuid } }],
    });

    const usage = new DomainUsage(client);
    const measured = (await usage.measure(await domains.all(signal), signal)).get(id);
    expect(measured?.memoryBytes).toBeGreaterThan(mebibyte);
    expect(measured?.netTxBytes).toBeGreaterThan(0);
    expect(measured?.diskReadBytes).toBeGreaterThan(0);

    await virsh("suspend", id);
    expect(await look()).toMatchObject({ instances: [{ state: "paused" }] });
    await operations.makeCurrent(first, signal);
    expect(await look()).toMatchObject({ instances: [{ state: "running" }] });
    await virsh("destroy", id);
    expect(await look()).toMatchObject({
      instances: [{ state: "exited", exit: { kind: "unknown" } }],
    });

    const second = revision("r2", 96);
    await operations.makeCurrent(first, signal);
    await operations.stop(id, 0, signal);
    await growDisk({ ...wanted, sizeBytes: 4 * mebibyte }, signal);
    await operations.makeCurrent(second, signal);

    expect(await look()).toMatchObject({
      instances: [
        { revisionId: "r2", state: "running", facts: { "vm.uuid": uuid } },
        { revisionId: "r1", kept: true },
      ],
    });
    expect(machineFor(second).interfaces[0]?.mac).toBe(mac);
    await operations.remove(id, signal);
    expect(await look()).toEqual({ kind: "absent" });
    expect((await imageInfo(path, "qcow2", signal)).virtualSizeBytes).toBe(4 * mebibyte);
    const { stdout } = await run("qemu-io", ["-f", "qcow2", "-c", "read -P 9 64k 64k", path]);
    expect(stdout).not.toContain("verification failed");
    await removeDisk(path, { nodeId, id });
    expect((await readdir(folder)).filter((name) => !name.startsWith("console"))).toEqual([]);
  }, 180_000);
});

function connected(): LibvirtClient {
  const endpoint = parseLibvirtUri(sharedLibvirtUri(), {});
  if (endpoint === undefined) throw new Error("no URI");
  const client = new LibvirtClient(endpoint);
  onTestFinished(() => client.close());
  return client;
}

async function virsh(verb: string, name: string): Promise<void> {
  await run("virsh", ["-q", "-c", sharedLibvirtUri(), verb, name]);
}

async function addressOf(client: LibvirtClient, mac: string): Promise<string | undefined> {
  const { net } = await client.call("networkLookupByName", { name: "default" }, { signal });
  const { leases } = await client.call(
    "networkGetDhcpLeases",
    { net, mac, needResults: 1, flags: 0 },
    { signal },
  );
  return leases[0]?.ipaddr;
}
