import type { Target, WorkloadId } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { qemu } from "../../src/libvirt/hypervisor.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import { errorNumber, LibvirtError } from "../../src/libvirt/rpc/index.ts";
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

  describe("and that is described otherwise than when it was started", () => {
    const made = { vcpus: 1, vcpusMax: 2, body: "as it was made" };
    const now = { ...made, body: "as it would be made now" };

    beforeEach(async () => {
      await machines.replace(machines.revision("r1", made));
    });

    async function isStartedAnewFor(target: Target): Promise<boolean> {
      const domainId = await machines.number();
      await machines.replace(target);
      return (await machines.number()) !== domainId;
    }

    it("is not taken for what it would be made as, once it was set right", async () => {
      await machines.outsider.edit(machines.id);
      await machines.replace(machines.revision("r1", now));
      expect((await machines.current()).drift).toEqual([]);

      expect(await isStartedAnewFor(machines.revision("r2", { ...now, vcpus: 2 }))).toBe(true);
      await machines.operations().remove(machines.id, signal);
    });

    it("is not taken for what it would be made as, once another revision was taken back", async () => {
      await machines.replaceCutOff(machines.revision("r2", now), 1);
      expect((await machines.current()).drift).not.toEqual([]);
      await machines.replace(machines.revision("r1", now));
      expect(await machines.current()).toMatchObject({ revisionId: "r1", drift: [] });

      expect(await isStartedAnewFor(machines.revision("r3", { ...now, vcpus: 2 }))).toBe(true);
      await machines.operations().remove(machines.id, signal);
    });
  });

  const small = { vcpus: 1, vcpusMax: 4 };

  it.each([
    ["ended and started", { ...small, body: "another disk" }],
    ["changed while it runs", { ...small, vcpus: 2 }],
  ])("is %s without what was edited since its change was cut off", async (_, spec) => {
    const target = machines.revision("r2", spec);
    await machines.replace(machines.revision("r1", small));
    await machines.replaceCutOff(target, 1);
    await machines.outsider.edit(machines.id);

    await machines.replace(target);

    expect(await machines.current()).toMatchObject({ revisionId: "r2", drift: [] });
    expect(await machines.outsider.xml(machines.id)).toContain("<memory unit='KiB'>65536<");
    await machines.operations().remove(machines.id, signal);
  });

  it.each([
    ["edited while it ends", "domainShutdownFlags", () => machines.outsider.edit(machines.id)],
    [
      "started while it is down",
      "domainDefineXmlFlags",
      () => machines.outsider.start(machines.id),
    ],
  ] as const)("and that is %s comes up as what it is changed to", async (_, name, act) => {
    await machines.replace(machines.revision("r1", small));
    if (name === "domainDefineXmlFlags") await machines.outsider.kill(machines.id);
    const meddled = machines.operations(machines.with(name, act));

    await machines.replace(machines.revision("r2", { vcpus: 2, body: "another disk" }), meddled);

    const { definition, running } = await machines.seen();
    expect(running?.size).toEqual(definition.size);
    expect(await machines.current()).toMatchObject({
      revisionId: "r2",
      run: expect.not.stringContaining("outside"),
      drift: [],
      facts: { "vm.vcpus": "2", "vm.memory_mb": "64" },
    });
    await machines.operations().remove(machines.id, signal);
  });

  it.each([
    ["before we ever have", false],
    ["once we have", true],
  ])("and begin a run of %s, of a definition of theirs, is begun anew", async (_, hasRun) => {
    const { id, outsider } = machines;
    const target = machines.revision("r1", { vcpus: 2 });
    await machines.operations().makeFirst(target, signal);
    if (hasRun) {
      await machines.replace(target);
      await outsider.kill(id);
    }
    const ours = await outsider.xml(id);
    await outsider.define(ours.replace(/<vcpu[^>]*>2</, "<vcpu>1<"));
    await outsider.start(id);
    if (hasRun) await outsider.define(ours);

    await machines.replace(target);

    expect(await machines.current()).toMatchObject({
      run: expect.not.stringContaining("outside"),
      drift: [],
      facts: { "vm.vcpus": "2" },
    });
    await machines.operations().remove(id, signal);
  });

  it("fails with the reason where a run of ours does not take the processors it is to have", async () => {
    const target = machines.revision("r1", { vcpus: 1, vcpusMax: 2 });
    await machines.replace(target);
    const domainId = await machines.number();
    const dom = await machines.outsider.dom(machines.id);
    const giveTwo = async () => {
      const args = { dom, nvcpus: 2, flags: 1 };
      await machines.client.call("domainSetVcpusFlags", args, { signal });
    };
    await giveTwo();
    // After the processors comes the memory.
    const deaf = machines.operations(machines.with("domainSetMemoryFlags", giveTwo));

    await expect(machines.replace(target, deaf)).rejects.toMatchObject({
      code: "RUNTIME_ERROR",
      retryable: true,
      message: expect.stringContaining("2 processors instead of 1"),
    });

    expect(await machines.number()).toBe(domainId);
    await machines.operations().remove(machines.id, signal);
  });

  it.each([
    ["cannot", errorNumber.operationFailed, true],
    ["may not", errorNumber.accessDenied, false],
    ["has no room to", errorNumber.noMemory, false],
    ["does not in time", errorNumber.operationTimeout, true],
  ])(
    "is started anew or not where it %s take other processors: code %i, %s",
    async (_, code, isAnew) => {
      await machines.replace(machines.revision("r1", small));
      const domainId = await machines.number();
      const refused = new LibvirtError(code, 0, "no");
      const connection = machines.with("domainSetVcpusFlags", () => Promise.reject(refused));
      const target = machines.revision("r2", { ...small, vcpus: 2 });

      const outcome = await Promise.allSettled([
        machines.replace(target, machines.operations(connection)),
      ]);

      expect(outcome).toMatchObject([{ status: isAnew ? "fulfilled" : "rejected" }]);
      expect((await machines.number()) !== domainId).toBe(isAnew);
      await machines.replace(target);
      expect(await machines.current()).toMatchObject({ revisionId: "r2", drift: [] });
      await machines.operations().remove(machines.id, signal);
    },
  );

  it("is not ended for its name while it writes to a snapshot", async () => {
    const { id, outsider } = machines;
    const target = machines.revision("r1");
    await machines.replace(target);
    const newName = await renamed();
    await outsider.start(newName);
    const domainId = (await outsider.dom(newName)).id;
    const own = machines.domains;
    machines.domains = new OnSnapshots(machines.client, "node");

    await expect(machines.replace(target)).rejects.toMatchObject({ code: "STORAGE_ERROR" });

    expect((await outsider.dom(newName)).id).toBe(domainId);
    machines.domains = own;
    await machines.operations().remove(id, signal);
  });

  /** Ends the machine, and gives it another name. */
  async function renamed(): Promise<string> {
    const { client, id, outsider } = machines;
    await outsider.kill(id);
    const args = { dom: await outsider.dom(id), newName: `${id}-renamed`, flags: 0 };
    await client.call("domainRename", args, { signal });
    return args.newName;
  }

  it("has its name again before it is another revision, also where that is only started", async () => {
    const { id, outsider } = machines;
    await machines.replace(machines.revision("r1"));
    const newName = await renamed();
    await outsider.start(newName);

    const started = { setsRight: false, signal };
    await machines.operations().makeCurrent(machines.revision("r2", { body: "another" }), started);

    expect(await machines.current()).toMatchObject({ revisionId: "r2", drift: [] });
    expect(await outsider.names(id)).toEqual([id]);
    await machines.operations().remove(id, signal);
  });

  it("takes up no memory that was saved of another revision, however often its start fails", async () => {
    const target = machines.revision("r1");
    // The fake knows no such flag: a start that is to be anew fails.
    machines.startAnew = qemu.flags.startAnew;
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(machines.replace(target)).rejects.toBeInstanceOf(LibvirtError);
    machines.startAnew = 0;
    await machines.replace(target);

    await machines.outsider.kill(machines.id);
    machines.startAnew = qemu.flags.startAnew;
    await machines.replace(target);

    expect(await machines.current()).toMatchObject({ state: "running", drift: [] });
    await machines.operations().remove(machines.id, signal);
  });
});
