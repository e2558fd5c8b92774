import { beforeAll, expect, it } from "vitest";
import { PrivateLibvirt } from "../../../../test/libvirt/private-libvirt.ts";
import { untilSuiteEnds } from "../../../../test/until-suite-ends.ts";
import { describeWithGuest } from "../../../../test/vm/test-guest.ts";
import { SmallVolume } from "../support/small-volume.ts";
import { slowly, VmNode, type VmWorkload } from "../support/vm-node.ts";

/** A guest that runs a script once it is up; BOOTS is the number of the boot. */
function guest(script: string, more: VmWorkload = {}): VmWorkload {
  return {
    vcpus: 1,
    memoryMb: 128n,
    disks: [{ baseImage: "guest.qcow2", sizeGb: 1n }],
    networks: [{}],
    cloudInit: `#!/bin/sh\n${script}\n`,
    ...more,
  };
}

describeWithGuest("a guest", () => {
  let libvirt: PrivateLibvirt;
  let vms: VmNode;
  let small: SmallVolume;
  const until = untilSuiteEnds();
  beforeAll(async () => {
    // Before the daemon, which sees what is mounted when it starts.
    small = await SmallVolume.mounted(until);
    libvirt = await PrivateLibvirt.start(until);
    vms = await VmNode.ofSuite(until, { daemon: libvirt.uri });
  });

  it("that powers itself off is started again, with its data", async () => {
    const id = vms.id("off");
    await vms.apply(id, guest('[ "$BOOTS" != 1 ] || poweroff -f'));
    await vms.boot(id, 2);
    await vms.reaches(id, "RUNNING");

    const [first, second] = await vms.outsider.boots(id);
    expect(second?.data.get("vda")?.sum).toBe(first?.data.get("vda")?.sum);
    await vms.remove(id);
  });

  it("that powers itself off is left so where it is not to be restarted", async () => {
    const id = vms.id("once");
    await vms.apply(id, guest("poweroff -f", { restartPolicy: { policy: "no" } }));
    await vms.reaches(id, "STOPPED");

    expect(await vms.outsider.boots(id)).toHaveLength(1);
    await vms.remove(id);
  });

  it("that reboots by itself goes on in the same run", async () => {
    const id = vms.id("reboot");
    await vms.apply(id, guest('[ "$BOOTS" != 1 ] || { sleep 2; reboot -f; }'));
    await vms.boot(id, 1);
    const run = await vms.outsider.runId(id);
    await vms.boot(id, 2);

    expect(await vms.outsider.runId(id)).toBe(run);
    await vms.reaches(id, "RUNNING");
    await vms.remove(id);
  });

  it("whose kernel panics is started again", async () => {
    const id = vms.id("panic");
    await vms.apply(id, guest('[ "$BOOTS" != 1 ] || { sync; echo c >/proc/sysrq-trigger; }'));
    await vms.boot(id, 2);

    await vms.reaches(id, "RUNNING");
    await vms.remove(id);
  });

  it("is given the static address of its spec by libvirt's own network, until it is deleted", async () => {
    const id = vms.id("static");
    const networks = [{ ipAddress: "192.168.122.77/24", gateway: "192.168.122.1" }];
    await vms.apply(id, guest("", { networks }));
    const [mac = ""] = await macsOf(id);
    expect(await vms.address(id)).toBe("192.168.122.77");
    await expect.poll(() => vms.fact(id, "vm.primary_ip"), slowly).toBe("192.168.122.77");
    expect(await vms.outsider.reservations(mac)).toHaveLength(1);

    await vms.remove(id);
    expect(await vms.outsider.reservations(mac)).toEqual([]);
    expect(await vms.leftOf(id)).toEqual([]);
  });

  it("does not notice that libvirt is killed and started again, and shuts down when asked after it", async () => {
    const ids = [1, 2, 3, 4, 5].map((number) => vms.id(`five-${number}`));
    for (const id of ids) await vms.apply(id, guest(""));
    for (const id of ids) await vms.boot(id, 1);
    const runs = await Promise.all(ids.map((id) => vms.outsider.runId(id)));

    await libvirt.kill();
    for (const id of ids) await vms.reaches(id, "UNKNOWN");
    await libvirt.up();
    for (const id of ids) await vms.reaches(id, "RUNNING");

    expect(await Promise.all(ids.map((id) => vms.outsider.runId(id)))).toEqual(runs);
    for (const id of ids) await vms.want(id, "stopped");
    for (const id of ids) await vms.reaches(id, "STOPPED");
    for (const id of ids) {
      expect(await vms.outsider.boots(id), id).toHaveLength(1);
      expect((await vms.outsider.lastBoot(id))?.isPoweringOff, id).toBe(true);
    }
    await vms.remove(...ids);
    for (const id of ids) expect(await vms.leftOf(id)).toEqual([]);
  });

  it("whose disk finds no room on the host is FAILED until there is some, and goes on in the same run", async () => {
    const id = vms.id("full");
    const [system = {}] = guest("").disks ?? [];
    const disks = [system, { path: `${small.path}/data.qcow2`, sizeGb: 1n }];
    await vms.apply(
      id,
      guest("dd if=/dev/urandom of=/dev/vdb bs=1M seek=100 count=100 conv=fsync && echo written", {
        disks,
      }),
    );
    await vms.reaches(id, "FAILED");
    expect(await vms.outsider.state(id)).toBe("paused");
    const run = await vms.outsider.runId(id);
    expect((await vms.node.status(id)).failure?.message).toMatch(/vdb|data\.qcow2/);

    await small.grow();
    await vms.says(id, "written");
    await vms.reaches(id, "RUNNING");
    expect(await vms.outsider.runId(id)).toBe(run);
    await vms.remove(id);
    expect(await vms.leftOf(id)).toEqual([]);
  });

  async function macsOf(id: string): Promise<readonly string[]> {
    await expect.poll(() => vms.outsider.has(id), slowly).toBe(true);
    return vms.outsider.macs(id);
  }
});
