import { expect, it } from "vitest";
import { sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { describeWithGuest, guestImage } from "../../../../test/vm/test-guest.ts";
import { LibvirtHarness } from "./libvirt-harness.ts";

const { signal } = new AbortController();
const slowly = { timeout: 120_000, interval: 200 } as const;

/** What cloud-init of each revision says is in a file of the revision's own: the same words are no reason to start a machine. */
const cloudInit =
  "#!/bin/sh\nwhile sleep 1; do echo cpus=$(grep -c ^processor /proc/cpuinfo); done\n";

describeWithGuest("a guest that runs", () => {
  it("gets processors and memory, gives memory back, and is not started for it", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    const disks = [{ baseImage: guestImage(), sizeGb: 1 }];
    const spec = { disks, networks: [], cloudInit, maxVcpus: 3, memoryMb: 192, maxMemoryMb: 256 };
    await host.replace(host.revision("r1", spec));
    await expect.poll(async () => (await outsider.lastBoot(id))?.isReady, slowly).toBe(true);
    const [before, domainId] = [await host.current(), await outsider.runId(id)];
    expect(before.facts).toMatchObject({ "vm.vcpus": "1", "vm.vcpus_max": "3" });
    const sees = async (line: string) => {
      const lines = async () => (await outsider.lastBoot(id))?.others.at(-1);
      await expect.poll(lines, slowly).toBe(line);
    };
    const memory = async () => (await host.current()).facts["vm.memory_mb"];
    await expect.poll(memory, slowly).toBe("192");
    await sees("cpus=1");

    await host.replace(host.revision("r2", { ...spec, vcpus: 3, memoryMb: 256 }));
    expect(await host.current()).toMatchObject({
      revisionId: "r2",
      startedAtMs: before.startedAtMs,
      drift: [],
      facts: { "vm.vcpus": "3", "vm.memory_mb": "256" },
    });
    await sees("cpus=3");
    await host.runtime.retire(id, ["digest-r2"], signal);

    const third = { ...spec, vcpus: 3, memoryMb: 160, metadata: { owner: "somebody else" } };
    await host.replace(host.revision("r3", third));
    expect(await host.current()).toMatchObject({
      revisionId: "r3",
      facts: { "vm.vcpus": "3", "vm.memory_mb": "160" },
    });
    await outsider.virsh("setmem", id, "180M", "--live");
    await expect.poll(memory, slowly).toBe("180");
    expect((await host.current()).drift).toEqual([]);
    await host.runtime.restore(id, signal);
    expect(await host.current()).toMatchObject({
      revisionId: "r2",
      startedAtMs: before.startedAtMs,
      facts: { "vm.memory_mb": "256" },
    });
    expect(await outsider.runId(id)).toBe(domainId);
    expect(await outsider.boots(id)).toHaveLength(1);
  }, 300_000);

  it("is started anew for what it was not started with room for, and where it gives nothing back", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    const spec = { networks: [], disks: [{ sizeGb: 1 }], vcpus: 2, maxVcpus: 2 };
    await host.replace(host.revision("r1", spec));
    const first = await outsider.runId(id);

    // Nothing boots: its firmware knows no balloon.
    await host.replace(host.revision("r2", { ...spec, memoryMb: 48 }));
    expect(await outsider.runId(id)).not.toBe(first);
    expect(await host.current()).toMatchObject({ facts: { "vm.memory_mb": "48" } });

    const second = await outsider.runId(id);
    await host.replace(host.revision("r3", { ...spec, vcpus: 1, memoryMb: 48 }));
    expect(await outsider.runId(id)).not.toBe(second);
    const { facts } = await host.current();
    expect(facts).toMatchObject({ "vm.vcpus": "1", "vm.vcpus_max": "2", "vm.memory_mb": "48" });

    const third = await outsider.runId(id);
    await host.replace(host.revision("r4", { ...spec, memoryMb: 96, vcpus: 1 }));
    expect(await outsider.runId(id)).not.toBe(third);
    await host.runtime.restore(id, signal);
    const restored = await host.current();
    expect(restored).toMatchObject({ revisionId: "r1", drift: [], facts: { "vm.vcpus": "2" } });
    await host.runtime.remove(id, signal);
    expect(await host.files()).toEqual([]);
  }, 120_000);
});
