import { describe, expect, it } from "vitest";
import { type Machine, machineOf, type MachineSurroundings } from "../../src/libvirt/machine.ts";
import type { VmSpec } from "../../src/libvirt/vm-spec.ts";
import { aTarget } from "./targets.ts";

const surroundings: MachineSurroundings = {
  nodeId: "node",
  architecture: "x86_64",
  accelerator: "tcg",
  diskFolder: "/images",
  pools: new Map(),
  consoleLog: "/run/console.log",
  variablesPath: "/run/firmware.fd",
  seedPath: undefined,
  networks: new Set(["lan"]),
};

function machine(spec: Partial<VmSpec>, more: Partial<MachineSurroundings> = {}): Machine {
  return machineOf(aTarget(), { vcpus: 1, memoryMb: 64, ...spec }, { ...surroundings, ...more });
}

describe("machineOf", () => {
  it("gives a disk of which nothing is said a name, a format, a file and a place in the order", () => {
    expect(machine({ disks: [{}] }).disks).toEqual([
      {
        path: "/images/vm-1-vda.qcow2",
        device: "vda",
        format: "qcow2",
        kind: "disk",
        bootOrder: 1,
      },
    ]);
  });

  it("makes a disk of a pool in the folder of that", () => {
    const pools = new Map([["fast", "/pools/fast"]]);

    expect(machine({ disks: [{ pool: "fast" }, {}] }, { pools }).disks).toMatchObject([
      { path: "/pools/fast/vm-1-vda.qcow2" },
      { path: "/images/vm-1-vdb.qcow2" },
    ]);
  });

  it("gives names that are free, whatever others are named", () => {
    const disks = [
      { sizeGb: 1 },
      { device: "vda" },
      { format: "iso", path: "/a" },
      {},
      { device: "sda" },
    ];

    expect(machine({ disks: disks as VmSpec["disks"] }).disks.map((one) => one.device)).toEqual([
      "vdb",
      "vda",
      "sdb",
      "vdc",
      "sda",
    ]);
  });

  it("boots from disks before cdroms where nothing is said", () => {
    const disks: VmSpec["disks"] = [{ format: "iso", path: "/a" }, {}, {}];

    expect(machine({ disks }).disks.map((one) => one.bootOrder)).toEqual([3, 1, 2]);
  });

  it("boots from what is to be booted from alone, in its order", () => {
    const disks: VmSpec["disks"] = [{}, { format: "iso", path: "/a", boot: true }, { boot: true }];

    expect(machine({ disks }).disks.map((one) => one.bootOrder)).toEqual([undefined, 1, 2]);
  });

  it("adds the seed as a cdrom that nothing boots from", () => {
    const disks: VmSpec["disks"] = [{ format: "iso", path: "/a", boot: false }];

    expect(machine({ disks }, { seedPath: "/seed.iso" }).disks).toEqual([
      { path: "/a", device: "sda", format: "raw", kind: "cdrom", bootOrder: 1 },
      { path: "/seed.iso", device: "sdb", format: "raw", kind: "cdrom", bootOrder: undefined },
    ]);
  });

  it("takes a name that is no network of libvirt for a bridge", () => {
    const networks = [{}, { network: "lan" }, { network: "br0", macAddress: "52:54:00:AA:00:01" }];

    expect(machine({ networks }).interfaces).toEqual([
      { source: { kind: "network", name: "default" }, mac: expect.stringMatching(/^52:54:/) },
      { source: { kind: "network", name: "lan" }, mac: expect.stringMatching(/^52:54:/) },
      { source: { kind: "bridge", name: "br0" }, mac: "52:54:00:aa:00:01" },
    ]);
  });

  it("is the same machine for every revision, but for what the revision says", () => {
    const spec = { disks: [{}], networks: [{}] };
    const [one, two] = [machine(spec), machine({ ...spec, memoryMb: 128 })];

    expect(two).toEqual({ ...one, memoryMb: 128, maxMemoryMb: 128 });
  });

  it("grows while it runs no further than the spec says", () => {
    expect(machine({})).toMatchObject({ maxVcpus: undefined, maxMemoryMb: 64 });
    expect(machine({ maxVcpus: 4, maxMemoryMb: 256 })).toMatchObject({
      vcpus: 1,
      maxVcpus: 4,
      memoryMb: 64,
      maxMemoryMb: 256,
    });
  });

  it("knows that machines of ARM have no BIOS, and keep their processors", () => {
    const arm = machine({ firmware: "bios", maxVcpus: 4 }, { architecture: "aarch64" });

    expect(arm).toMatchObject({ firmware: "uefi", maxVcpus: undefined });
  });
});
