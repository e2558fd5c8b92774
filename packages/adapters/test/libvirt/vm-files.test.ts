import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { silentLogger } from "@persys/core";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DhcpHosts } from "../../src/libvirt/dhcp-hosts.ts";
import { DhcpLeases } from "../../src/libvirt/dhcp-leases.ts";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { HypervisorHost } from "../../src/libvirt/hypervisor-host.ts";
import { machineOf } from "../../src/libvirt/machine.ts";
import { machineXml } from "../../src/libvirt/machine-xml.ts";
import { LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { VmFiles } from "../../src/libvirt/vm-files.ts";
import { VmFolders } from "../../src/libvirt/vm-folders.ts";
import { VmMachines } from "../../src/libvirt/vm-machines.ts";
import { aSeenDomain, aTarget } from "./targets.ts";

const target = aTarget();
const machine = machineOf(
  target,
  { vcpus: 1, memoryMb: 64, firmware: "uefi" },
  {
    nodeId: "node",
    architecture: "x86_64",
    accelerator: "tcg",
    diskFolder: "/images",
    pools: new Map(),
    consoleLog: "/run/console.log",
    variablesPath: "/run/firmware.fd",
    seedPath: undefined,
    networks: new Set(),
  },
);
const other = { ...machine, accelerator: "kvm" } as const;

describe("VmFiles", () => {
  let files: VmFiles;
  let folders: VmFolders;

  beforeEach(async () => {
    const root = await mkdtemp("/tmp/persys-vf-");
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const connection = new LibvirtClient({ socketPaths: ["/none"], name: "qemu:///system" });
    const host = new HypervisorHost(connection, "auto");
    folders = new VmFolders(root);
    const shared = { connection, folders, host, nodeId: "node", diskFolder: "/images" };
    const networking = { calls: new DomainCalls(connection), host, logger: silentLogger };
    files = new VmFiles({
      ...shared,
      imageFolder: "/base",
      machines: new VmMachines(shared),
      dhcpHosts: new DhcpHosts(networking),
      dhcpLeases: new DhcpLeases(networking),
    });
  });

  it("keeps the variables of the firmware where somebody has removed the definition", async () => {
    const { id } = target;
    const folder = await folders.ensure(id);
    const another = { id, uid: "another" };
    for (const made of [target, another]) await writeFile(folders.variablesOf(made), "");

    await files.tidy(id, undefined, []);
    expect(await readdir(folder)).toHaveLength(2);

    await files.tidy(id, aSeenDomain(), []);
    expect(await readdir(folder)).toEqual([basename(folders.variablesOf(target))]);
  });

  it("keeps what a making was made of once that has run, however it is described since", async () => {
    const keep = (made: typeof machine, instance: string, hasRun: boolean) =>
      files.keepSecrets(target, made, { instance, hasRun, describe: machineXml });
    await keep(machine, "i1", false);
    await keep(other, "i2", false);
    expect(await files.isResized(target.id, "i1", "i2")).toBe(false);

    await keep(other, "i1", true);
    expect(await files.isResized(target.id, "i1", "i2")).toBe(false);
    await keep(machine, "i2", false);
    expect(await files.isResized(target.id, "i1", "i2")).toBe(true);
  });
});
