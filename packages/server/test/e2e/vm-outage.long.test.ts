import { expect, it } from "vitest";
import { PrivateLibvirt } from "../../../../test/libvirt/private-libvirt.ts";
import { describeWithGuest } from "../../../../test/vm/test-guest.ts";
import { hasData, idleMachine, writeData } from "../support/vm-data.ts";
import { slowly, VmNode } from "../support/vm-node.ts";

const names = ["steady", "second", "updated", "stopped", "deleted"] as const;

describeWithGuest("a libvirt that is away", () => {
  it("because it was killed costs no machine its run, and what is asked meanwhile is done afterwards", async () => {
    const libvirt = await PrivateLibvirt.start();
    const vms = await VmNode.start({ daemon: libvirt.uri });
    const ids = new Map(names.map((name) => [name, vms.id(name)]));
    const idOf = (name: (typeof names)[number]): string => ids.get(name) ?? "";
    await vms.node.apply("beside", { script: "exec sleep 900" });
    for (const id of ids.values()) await vms.apply(id, idleMachine(), { revisionId: "r1" });
    for (const id of ids.values()) await vms.reaches(id, "RUNNING");
    const runs = (): Promise<readonly string[]> =>
      Promise.all(["steady", "second"].map((name) => vms.outsider.runId(vms.id(name))));
    const before = await runs();
    const [disk = ""] = await vms.outsider.diskPaths(idOf("updated"));
    await writeData(disk);

    await libvirt.kill();
    for (const id of ids.values()) await vms.reaches(id, "UNKNOWN");
    expect(await vms.node.state("beside")).toBe("RUNNING");
    const { runtimeStatus } = await vms.node.client.healthCheck({});
    expect(runtimeStatus["vm"]).toMatch(/^unhealthy: /);
    const late = vms.id("late");
    await vms.apply(late, idleMachine(), { revisionId: "r1" });
    await vms.apply(idOf("updated"), idleMachine({ memoryMb: 48n }), { revisionId: "r2" });
    await vms.want(idOf("stopped"), "stopped");
    await vms.node.client.deleteWorkload({ id: idOf("deleted") });

    await libvirt.up();
    await vms.reaches(idOf("steady"), "RUNNING");
    await vms.reaches(idOf("second"), "RUNNING");
    await vms.reaches(idOf("stopped"), "STOPPED");
    await vms.reaches(idOf("deleted"), "absent");
    await vms.reaches(late, "RUNNING");
    await expect
      .poll(async () => (await vms.node.status(idOf("updated"))).observedRevisionId, slowly)
      .toBe("r2");
    await vms.reaches(idOf("updated"), "RUNNING");
    expect(await runs()).toEqual(before);
    expect(await hasData(disk)).toBe(true);
    expect(await vms.leftOf(idOf("deleted"))).toEqual([]);
    const { orphans } = await vms.node.client.healthCheck({});
    expect(orphans).toEqual([]);

    // What happens to machines is heard of again.
    await vms.outsider.virsh("destroy", idOf("steady"));
    await expect.poll(() => vms.outsider.state(idOf("steady")), slowly).toBe("running");
  }, 240_000);
});
