import type { WorkloadId } from "@persys/core";
import { beforeEach, expect, it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { FakeMachines } from "./fake-machines.ts";

const { signal } = new AbortController();

/** Shows machines that run on a snapshot of their disk, of which the definition says nothing. */
class OnSnapshots extends OwnedDomains {
  override async all(looking: AbortSignal): Promise<ReadonlyMap<WorkloadId, SeenDomain>> {
    const disks = [{ device: "vda", kind: "disk", path: "/images/snapshot" }] as const;
    const all = await super.all(looking);
    return new Map(
      [...all].map(([id, seen]) => {
        const running = seen.running && { ...seen.running, disks };
        return [id, { ...seen, running }];
      }),
    );
  }
}

describeWithLibvirt("a machine that others work at", () => {
  let machines: FakeMachines;

  beforeEach(async () => {
    machines = await FakeMachines.open();
  });

  it("is not ended for another revision while it writes to a snapshot, whatever its definition says", async () => {
    await machines.replace(machines.revision("r1"));
    await machines.replace(machines.revision("r2", { body: "another disk" }));
    const [before, domainId] = [await machines.look(), await machines.number()];
    const own = machines.domains;
    machines.domains = new OnSnapshots(machines.client, "node");

    for (const call of [
      () => machines.replace(machines.revision("r3", { body: "a third" })),
      () => machines.operations().restore(machines.id, signal),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "STORAGE_ERROR",
        effect: "none",
        message: expect.stringContaining("/images/snapshot"),
      });

    machines.domains = own;
    expect(await machines.look()).toEqual(before);
    expect(await machines.number()).toBe(domainId);
    await machines.operations().remove(machines.id, signal);
  });
});
