import { randomUUID } from "node:crypto";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { untilSuiteEnds } from "../../../../test/until-suite-ends.ts";
import type { GuestBoot } from "../../../../test/vm/guest-console.ts";
import { describeWithGuest, ipxeImage } from "../../../../test/vm/test-guest.ts";
import { reasonOf } from "../support/engine-outage.ts";
import { hasData, idleMachine, sizeGbOf, writeData } from "../support/vm-data.ts";
import { slowly, VmNode, type VmWorkload } from "../support/vm-node.ts";

/** The guest of the tests, which boots in some seconds. */
const guest: VmWorkload = {
  name: "a guest",
  vcpus: 1,
  memoryMb: 128n,
  disks: [{ baseImage: "guest.qcow2", sizeGb: 1n }, { sizeGb: 1n }],
  networks: [{}],
  cloudInit: '#!/bin/sh\necho "user-data ran at boot $BOOTS"\n',
};

describeWithGuest("a virtual machine", () => {
  /** What changes is heard of: nothing here waits for the agent to look by itself. */
  let vms: VmNode;
  const until = untilSuiteEnds();
  beforeAll(async () => {
    vms = await VmNode.ofSuite(until, { env: { PERSYS_RECONCILE_INTERVAL: "1h" } });
  });

  async function running(name: string, spec = idleMachine()): Promise<string> {
    const id = vms.id(name);
    await vms.apply(id, spec, { revisionId: "r1" });
    await vms.reaches(id, "RUNNING");
    return id;
  }

  it("needs no more than a name, processors, memory and a disk, and leaves nothing when it is deleted", async () => {
    const id = vms.id("minimal");
    const minimal = { name: "small", vcpus: 1, memoryMb: 32n, disks: [{ sizeGb: 1n }] };
    await vms.apply(id, minimal, { revisionId: "r1" });
    await vms.reaches(id, "RUNNING");

    const { metadata, observedRevisionId } = await vms.node.status(id);
    expect(observedRevisionId).toBe("r1");
    expect(metadata).toMatchObject({
      "vm.uuid": await vms.outsider.uuid(id),
      "vm.domain_state": "running",
    });
    expect(await vms.outsider.diskPaths(id)).toEqual([`${vms.diskFolder}/${id}-vda.qcow2`]);
    await vms.node.client.deleteWorkload({ id });
    // It has a minute to shut down, and no system that would.
    await vms.outsider.virsh("destroy", id);
    await vms.reaches(id, "absent");

    expect(await vms.leftOf(id)).toEqual([]);
  });

  it("boots from a CD and is given an address, which its status says, and which is free once it is deleted", async () => {
    const disks = [{ path: ipxeImage, format: "iso" }];
    const spec = { vcpus: 1, memoryMb: 64n, disks, networks: [{}], stopGraceSeconds: 1 };
    const id = await running("ipxe", spec);
    const [mac = ""] = await vms.outsider.macs(id);
    await expect.poll(() => vms.outsider.lease(mac), slowly).not.toBe("");

    const address = await vms.outsider.lease(mac);
    await expect.poll(() => vms.fact(id, "vm.primary_ip"), { timeout: 5_000 }).toBe(address);
    expect(await vms.fact(id, "vm.mac_addresses")).toBe(mac);
    await vms.remove(id);
    expect(await vms.leftOf(id)).toEqual([]);
    await expect.poll(() => vms.outsider.lease(mac), { timeout: 10_000 }).toBe("");
  });

  it("reads its seed, shuts down by itself, and keeps its data when it grows", async () => {
    const id = await running("guest", guest);
    const first = await vms.boot(id, 1);
    expect(first.seed.get("user-data")).toBe(guest.cloudInit);
    expect(JSON.parse(first.seed.get("meta-data") ?? "")).toMatchObject({
      "instance-id": await vms.outsider.uuid(id),
    });
    await vms.says(id, "user-data ran at boot 1");
    const address = await vms.address(id);
    await expect.poll(() => vms.fact(id, "vm.primary_ip"), slowly).toBe(address);

    await vms.want(id, "stopped");
    await vms.reaches(id, "STOPPED");
    expect(await vms.outsider.lastBoot(id)).toMatchObject({ isPoweringOff: true });
    expect(await vms.outsider.state(id)).toBe("shut off");

    const [system = {}, data = {}] = guest.disks ?? [];
    const disks = [{ ...system, sizeGb: 2n }, data];
    await vms.apply(id, { ...guest, memoryMb: 192n, disks }, { revisionId: "r2" });
    await vms.reaches(id, "RUNNING");
    const second = await vms.boot(id, 2);
    expect(sumsOf(second)).toEqual(sumsOf(first));
    expect(second.has.get("vda")).toBe(2_147_483_648);
    expect(memoryMb(second) - memoryMb(first)).toBeGreaterThan(48);
    expect((await vms.node.status(id)).observedRevisionId).toBe("r2");

    const [mac = ""] = await vms.outsider.macs(id);
    await vms.remove(id);
    expect(await vms.leftOf(id)).toEqual([]);
    expect(await vms.outsider.reservations(mac)).toEqual([]);
  }, 300_000);

  it("that is suspended, destroyed or undefined behind our back is as it was asked for again, with its disk", async () => {
    const id = await running("healed");
    const [disk = ""] = await vms.outsider.diskPaths(id);
    await writeData(disk);
    const uuid = await vms.outsider.uuid(id);
    const state = () => vms.outsider.state(id);

    await vms.outsider.virsh("suspend", id);
    await expect.poll(state, slowly).toBe("running");

    await vms.outsider.virsh("destroy", id);
    await expect.poll(state, slowly).toBe("running");
    await vms.reaches(id, "RUNNING");

    await vms.outsider.virsh("undefine", id);
    const isKept = async () => /^Persistent: +yes$/m.test(await vms.outsider.virsh("dominfo", id));
    await expect.poll(isKept, slowly).toBe(true);
    await vms.reaches(id, "RUNNING");

    await vms.outsider.removeAll([id]);
    await expect.poll(state, slowly).toBe("running");
    await vms.reaches(id, "RUNNING");

    expect(await vms.outsider.uuid(id)).toBe(uuid);
    expect(await vms.outsider.diskPaths(id)).toEqual([disk]);
    expect(await hasData(disk)).toBe(true);
    await vms.remove(id);
    expect(await vms.leftOf(id)).toEqual([]);
  });

  it("goes on as it was when its new revision cannot be", async () => {
    const id = await running("update");
    const [disk = ""] = await vms.outsider.diskPaths(id);
    await writeData(disk);

    // More processors than the board takes: it is libvirt that says so.
    await vms.apply(id, { ...idleMachine(), vcpus: 500 }, { revisionId: "r2" });
    await vms.reaches(id, "FAILED");

    await expect.poll(() => vms.outsider.state(id), slowly).toBe("running");
    await expect
      .poll(async () => (await vms.node.status(id)).observedRevisionId, slowly)
      .toBe("r1");
    expect(await vms.outsider.xml(id)).toMatch(/<vcpu[^>]*>1</);
    expect(await hasData(disk)).toBe(true);

    await vms.apply(id, idleMachine({ sizeGb: 2n }), { revisionId: "r3" });
    await vms.reaches(id, "RUNNING");
    expect([await sizeGbOf(disk), await hasData(disk)]).toEqual([2, true]);
  });

  it("is refused where somebody else's machine has its name, which is not touched", async () => {
    const id = vms.id("foreign");
    const uuid = randomUUID();
    const xml = `<domain type='qemu'><name>${id}</name><uuid>${uuid}</uuid><memory>32768</memory><os><type arch='x86_64'>hvm</type></os></domain>`;
    await vms.outsider.define(xml);
    onTestFinished(() => vms.outsider.removeAll([id]));
    await vms.outsider.virsh("start", id);
    const before = [await vms.outsider.runId(id), await vms.outsider.xml(id)];

    await vms.apply(id, idleMachine(), { revisionId: "r1" });
    await vms.reaches(id, "FAILED");
    expect(reasonOf(await vms.node.status(id))).toBe("NAME_CONFLICT");
    await vms.remove(id);

    expect(await vms.outsider.state(id)).toBe("running");
    expect([await vms.outsider.runId(id), await vms.outsider.xml(id)]).toEqual(before);
    expect(await vms.leftOf(id)).toEqual([`machine ${id}`]);
  });
});

function sumsOf({ data }: GuestBoot): readonly string[] {
  return [...data.values()].map(({ sum }) => sum);
}

function memoryMb({ has }: GuestBoot): number {
  return (has.get("memory_kb") ?? 0) / 1_024;
}
