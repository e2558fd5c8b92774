import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { WantedDisk } from "../../src/libvirt/disk-files.ts";
import type { MachineDisk } from "../../src/libvirt/machine.ts";
import { machineDisks } from "../../src/libvirt/vm-disks.ts";
import type { DiskSpec } from "../../src/libvirt/vm-spec-disks.ts";
import { aTarget } from "./targets.ts";

describe("machineDisks", () => {
  let diskFolder: string;

  beforeEach(async () => {
    const folder = await mkdtemp("/tmp/persys-md-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    diskFolder = join(folder, "disks");
  });

  /** The disks of the workload `vm-1`, whose files are where links lead to. */
  function wanted(
    ...disks: readonly (DiskSpec & Pick<MachineDisk, "path">)[]
  ): Promise<readonly WantedDisk[]> {
    const made = disks.map(({ path, format }, at): MachineDisk => {
      const device = `vd${"abc"[at] ?? "z"}`;
      const kept = format === "raw" ? "raw" : "qcow2";
      return { path, device, format: kept, kind: "disk", bootOrder: undefined };
    });
    return machineDisks(aTarget(), {
      spec: { vcpus: 1, memoryMb: 64, disks },
      machine: { disks: made },
      nodeId: "node",
      diskFolder,
      imageFolder: "/nowhere",
    });
  }

  it("refuses a machine with one file for two disks, whichever of them says so", async () => {
    const path = join(diskFolder, "vm-1-vdb.qcow2");

    await expect(wanted({ path }, { path })).rejects.toMatchObject({
      code: "INVALID_SPEC",
      fault: "user",
      effect: "none",
      message: expect.stringContaining("vdb would be the same file as vda"),
    });
  });

  it("copies the base of a raw disk, which can stand on none", async () => {
    const base = { baseImage: "/images/debian.qcow2" };

    const found = await wanted(
      { path: "/a", ...base, format: "raw" },
      { path: "/b", ...base },
      { path: "/c", ...base, copyBaseImage: true },
    );

    expect(found.map((disk) => disk.base?.copied)).toEqual([true, false, true]);
  });

  it("knows where disks of other workloads are made", async () => {
    const names = ["other-vda.qcow2", "vm-1-vdb.qcow2", "data.qcow2", "vm-1-2-vda.img"];

    const found = await wanted(
      ...names.slice(0, 3).map((name) => ({ path: join(diskFolder, name) })),
    );
    expect(found.map((disk) => disk.reservedFor)).toEqual(["other", undefined, undefined]);
    const elsewhere = await wanted({ path: "/srv/other-vda.qcow2" });
    expect(elsewhere.map((disk) => disk.reservedFor)).toEqual([undefined]);
    const longer = await wanted({ path: join(diskFolder, names[3] ?? "") });
    expect(longer.map((disk) => disk.reservedFor)).toEqual(["vm-1-2"]);
  });

  it("knows the folder of disks by where links lead", async () => {
    await mkdir(`${diskFolder}-real`, { recursive: true });
    await symlink(`${diskFolder}-real`, diskFolder);

    const [disk] = await wanted({ path: `${diskFolder}-real/other-vda.qcow2` });

    expect(disk?.reservedFor).toBe("other");
  });
});
