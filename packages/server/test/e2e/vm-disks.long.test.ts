import { execFile } from "node:child_process";
import { mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { untilSuiteEnds } from "../../../../test/until-suite-ends.ts";
import type { GuestBoot } from "../../../../test/vm/guest-console.ts";
import { describeWithGuest } from "../../../../test/vm/test-guest.ts";
import { reasonOf } from "../support/engine-outage.ts";
import { VmNode, type VmWorkload } from "../support/vm-node.ts";

const run = promisify(execFile);
const gibibyte = 1_073_741_824;

describeWithGuest("a disk of a guest", () => {
  let vms: VmNode;
  const pool = `persys-${process.pid}`;
  const until = untilSuiteEnds();

  beforeAll(async () => {
    const env = { PERSYS_ALLOWED_STORAGE_POOLS: pool, PERSYS_ALLOWED_RAW_DISKS: "/dev" };
    vms = await VmNode.ofSuite(until, { env });
  });

  function guest(disks: VmWorkload["disks"]): VmWorkload {
    return { vcpus: 1, memoryMb: 128n, ...(disks === undefined ? {} : { disks }) };
  }

  it("that is raw or in a pool of storage keeps its data when it grows, and goes with its machine", async () => {
    const id = vms.id("pooled");
    const folder = join(vms.diskFolder, "..", "pool");
    await mkdir(folder, { mode: 0o711 });
    await vms.outsider.virsh("pool-create-as", pool, "dir", "--target", folder);
    onTestFinished(async () => {
      await vms.outsider.virsh("pool-destroy", pool);
    });
    const system = { pool, baseImage: "guest.qcow2" };
    const sized = (sizeGb: bigint): VmWorkload =>
      guest([
        { ...system, sizeGb },
        { pool, format: "raw", sizeGb },
        { format: "raw", sizeGb },
      ]);

    await vms.apply(id, sized(1n), { revisionId: "r1" });
    const first = await vms.boot(id, 1);
    const made = [`${id}-vda.qcow2`, `${id}-vda.qcow2.persys`, `${id}-vdb.img`];
    expect((await readdir(folder)).toSorted()).toEqual([...made, `${id}-vdb.img.persys`]);
    expect(await vms.outsider.diskPaths(id)).toContain(`${vms.diskFolder}/${id}-vdc.img`);

    await vms.apply(id, sized(2n), { revisionId: "r2" });
    const second = await vms.boot(id, 2);
    expect(sumsOf(second)).toEqual(sumsOf(first));
    expect(sumsOf(second).size).toBe(3);
    for (const device of ["vda", "vdb", "vdc"])
      expect([device, second.has.get(device)]).toEqual([device, 2 * gibibyte]);
    await vms.reaches(id, "RUNNING");

    await vms.remove(id);
    expect(await readdir(folder)).toEqual([]);
    expect(await vms.leftOf(id)).toEqual([]);
  }, 240_000);

  it("that is raw is made as a copy of its base", async () => {
    const id = vms.id("raw");
    await vms.apply(id, guest([{ baseImage: "guest.qcow2", format: "raw", sizeGb: 1n }]));

    await vms.boot(id, 1);

    const { stdout } = await run("qemu-img", [
      "info",
      "--output=json",
      "-U",
      `${vms.diskFolder}/${id}-vda.img`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ format: "raw", "virtual-size": gibibyte });
    await vms.remove(id);
    expect(await vms.leftOf(id)).toEqual([]);
  }, 120_000);

  it("that is a disk of the host is used as it is, and is there when the machine is not any more", async () => {
    const id = vms.id("device");
    const file = join(vms.diskFolder, "..", "device.img");
    await writeFile(file, "");
    await truncate(file, gibibyte / 8);
    const device = (await run("losetup", ["--find", "--show", file])).stdout.trim();
    onTestFinished(async () => {
      await run("losetup", ["--detach", device]);
    });
    const system = { baseImage: "guest.qcow2", sizeGb: 1n };
    const spec = guest([system, { path: device, format: "raw" }]);
    await vms.apply(id, spec, { revisionId: "r1" });
    const first = await vms.boot(id, 1);
    expect(first.has.get("vdb")).toBe(gibibyte / 8);
    await vms.remove(id);
    expect(await vms.leftOf(id)).toEqual([]);

    await vms.apply(id, spec, { revisionId: "r1" });
    const again = await vms.boot(id, 1);
    expect(again.data.get("vdb")).toEqual({ boots: 2, sum: first.data.get("vdb")?.sum });
    await vms.remove(id);
  }, 240_000);

  it("waits for a pool that is not there, and is refused one that nobody has allowed", async () => {
    const [late, denied] = [vms.id("late"), vms.id("denied")];
    await vms.apply(late, guest([{ pool, sizeGb: 1n }]));
    await vms.reaches(late, "FAILED");
    expect(reasonOf(await vms.node.status(late))).toBe("STORAGE_ERROR");
    await expect(vms.apply(denied, guest([{ pool: "other", sizeGb: 1n }]))).rejects.toThrow(
      /PERSYS_ALLOWED_STORAGE_POOLS/,
    );

    const folder = join(vms.diskFolder, "..", "late-pool");
    await mkdir(folder, { mode: 0o711 });
    await vms.outsider.virsh("pool-create-as", pool, "dir", "--target", folder);
    onTestFinished(async () => {
      await vms.outsider.virsh("pool-destroy", pool);
    });

    await vms.reaches(late, "RUNNING");
    expect(await readdir(folder)).toContain(`${late}-vda.qcow2`);
    await vms.outsider.virsh("destroy", late);
    await vms.remove(late);
    expect(await readdir(folder)).toEqual([]);
  }, 120_000);
});

function sumsOf({ data }: GuestBoot): ReadonlyMap<string, string> {
  return new Map([...data].map(([device, { sum }]) => [device, sum]));
}
