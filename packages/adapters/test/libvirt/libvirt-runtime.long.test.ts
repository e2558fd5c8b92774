import { execFile } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, readdir, rename, rmdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt, sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { PrivateLibvirt } from "../../../../test/libvirt/private-libvirt.ts";
import { LibvirtHarness } from "./libvirt-harness.ts";

const run = promisify(execFile);
const { signal } = new AbortController();
const gibibyte = 1_073_741_824;

describeWithLibvirt("LibvirtRuntime", () => {
  it("runs a machine that is given an address, and tells of that within a second", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const hints = await host.hints();
    await host.start(host.revision("r1"));
    const { "vm.mac_addresses": mac = "", "vm.uuid": uuid } = (await host.current()).facts;

    await expect.poll(() => host.outsider.lease(mac), { timeout: 60_000 }).toMatch(/^192\./);
    const leasedAtMs = performance.now();
    await expect
      .poll(() => hints.some((hint) => hint.what === "address"), { timeout: 5_000, interval: 20 })
      .toBe(true);
    expect(performance.now() - leasedAtMs).toBeLessThan(1_000);

    const { facts } = await host.current();
    expect(facts["vm.primary_ip"]).toBe(await host.outsider.lease(mac));
    expect(facts).toMatchObject({ "vm.domain_state": "running", "vm.uuid": uuid });
    const usage = (await host.runtime.usage([host.id()], signal)).get(host.id());
    expect(usage?.memoryBytes).toBeGreaterThan(1_048_576);
    expect(usage?.netTxBytes).toBeGreaterThan(0);

    await host.runtime.remove(host.id(), signal);
    expect(await host.observe()).toEqual({ kind: "absent" });
    expect(await host.files()).toEqual([]);
  }, 180_000);

  it("sets right what is done to a machine by hand, and keeps its data through an update", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    const first = host.revision("r1", { networks: [] });
    await host.prepare(first);
    const disk = join(host.root, "disks", `${id}-vda.qcow2`);
    await run("qemu-io", ["-f", "qcow2", "-c", "write -P 9 64k 64k", disk]);
    await host.runtime.start(first, signal);
    const { run: began, handle } = await host.current();
    const uuid = await outsider.uuid(id);

    await outsider.virsh("suspend", id);
    expect(await host.current()).toMatchObject({ state: "paused", run: began });
    await host.runtime.start(first, signal);
    expect(await host.current()).toMatchObject({ state: "running", run: began });

    await outsider.define((await outsider.xml(id)).replaceAll(">65536<", ">98304<"));
    expect((await host.current()).drift).toEqual(["its definition was edited"]);
    await host.runtime.replace(first, signal);
    expect(await host.current()).toMatchObject({ run: began, handle, drift: [] });
    expect(await outsider.xml(id)).toContain(">65536<");

    await outsider.virsh("undefine", id);
    expect((await host.current()).drift).toEqual(["its definition was removed while it runs"]);
    await host.runtime.replace(first, signal);
    expect(await host.current()).toMatchObject({ run: began, handle, drift: [] });
    expect(await outsider.virsh("list", "--persistent", "--name")).toContain(id);

    await outsider.virsh("destroy", id);
    expect(await host.current()).toMatchObject({ state: "exited", exit: { kind: "unknown" } });
    await host.runtime.start(first, signal);
    expect((await host.current()).run).not.toBe(began);

    const larger = { memoryMb: 96, networks: [], disks: [{ sizeGb: 2 }] };
    await host.replace(host.revision("r2", larger));
    expect(await host.observe()).toMatchObject({
      instances: [
        { revisionId: "r2", state: "running", facts: { "vm.uuid": uuid } },
        { revisionId: "r1", kept: true },
      ],
    });
    await host.runtime.restore(id, signal);
    expect(await host.observe()).toMatchObject({
      instances: [{ revisionId: "r1", state: "running", handle, kept: false }],
    });
    await host.runtime.stop(id, 0, signal);
    const { stdout: info } = await run("qemu-img", ["info", "--output=json", disk]);
    expect(JSON.parse(info)).toMatchObject({ "virtual-size": 2 * gibibyte });
    const { stdout } = await run("qemu-io", ["-f", "qcow2", "-c", "read -P 9 64k 64k", disk]);
    expect(stdout).not.toContain("verification failed");
  }, 180_000);

  it("removes the disks of a machine that somebody has undefined, but never from under another's", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    await host.start(host.revision("r1", { networks: [] }));
    const xml = await outsider.xml(id);
    await outsider.virsh("destroy", id);
    await outsider.virsh("undefine", id);
    expect(await host.observe()).toEqual({ kind: "absent" });
    await outsider.define(xml.replace(/<metadata>[\s\S]*<\/metadata>/, ""));

    await expect(host.runtime.remove(id, signal)).rejects.toMatchObject({ code: "NAME_CONFLICT" });
    expect(await host.files()).toContain(`${id}-vda.qcow2`);
    await outsider.virsh("undefine", id);
    await host.runtime.remove(id, signal);

    expect(await host.files()).toEqual([]);
  }, 120_000);

  it("makes no blank disk in the place of one that has been there, and knows a disk by where links lead", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    await mkdir(join(host.root, "real"));
    await symlink(join(host.root, "real"), join(host.root, "linked"));
    const target = host.revision("r1", {
      disks: [{ path: join(host.root, "linked", "a.qcow2"), sizeGb: 1 }],
      networks: [],
    });
    await host.prepare(target);
    const { "vm.disks": disks } = (await host.current()).facts;
    expect(disks).toBe(`vda=${join(host.root, "real", "a.qcow2")}`);

    await rename(join(host.root, "real"), join(host.root, "unmounted"));
    await mkdir(join(host.root, "real"));
    await expect(host.runtime.start(target, signal)).rejects.toMatchObject({
      code: "NOT_PREPARED",
    });
    await expect(host.prepare(target)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    expect(await readdir(join(host.root, "real"))).toEqual([]);

    await rmdir(join(host.root, "real"));
    await rename(join(host.root, "unmounted"), join(host.root, "real"));
    await host.start(target);
    expect(await host.current()).toMatchObject({ state: "running" });
    await host.runtime.remove(host.id(), signal);
    expect(await host.files()).toEqual([]);
  }, 120_000);

  it("leaves a machine that has a snapshot as it is until that is brought back", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    const spec = { networks: [], disks: [{ sizeGb: 1 }] };
    await host.start(host.revision("r1", spec));
    const { run: began } = await host.current();
    await outsider.virsh("snapshot-create-as", id, "--disk-only", "--atomic", "--no-metadata");
    expect((await host.current()).drift).toEqual(["its definition was edited"]);

    for (const target of [
      host.revision("r1", spec),
      host.revision("r2", { ...spec, memoryMb: 96 }),
    ])
      await expect(host.replace(target)).rejects.toMatchObject({
        code: "STORAGE_ERROR",
        effect: "none",
      });
    expect(await host.current()).toMatchObject({ state: "running", run: began, revisionId: "r1" });

    await outsider.virsh("blockcommit", id, "vda", "--active", "--pivot", "--wait");
    await host.replace(host.revision("r1", spec));
    expect(await host.current()).toMatchObject({ state: "running", run: began, drift: [] });
  }, 120_000);

  it("shows the password of a screen to nobody, and has it still after a way back", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    const spec = { networks: [], disks: [], vnc: { password: "s3cret&" } };
    await host.start(host.revision("r1", spec));
    await host.replace(host.revision("r2", { ...spec, memoryMb: 96 }));

    const shown = await outsider.xml(id);
    const [kept = ""] = /(?<=<persys:kept[^>]*>)[^<]+/.exec(shown) ?? [];
    expect(Buffer.from(kept, "base64").toString()).toContain("<graphics");
    for (const text of [shown, Buffer.from(kept, "base64").toString()])
      expect(text).not.toMatch(/passwd|s3cret/);

    await host.runtime.restore(id, signal);
    expect(await outsider.virsh("dumpxml", "--security-info", id)).toMatch(/passwd='s3cret&amp;'/);
    await host.runtime.retire(id, [], signal);
    expect((await host.files()).filter((name) => name.startsWith("screen-"))).toHaveLength(1);
    await host.runtime.remove(id, signal);
    expect(await host.files()).toEqual([]);
  }, 120_000);

  it("starts another definition without the memory that was saved of the one before", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    const spec = { networks: [], disks: [] };
    await host.start(host.revision("r1", spec));
    await outsider.virsh("managedsave", id);

    await host.replace(host.revision("r2", { ...spec, memoryMb: 96 }));

    expect(await outsider.virsh("dumpxml", id)).toContain(">98304</currentMemory>");
    expect(await outsider.virsh("dominfo", id)).toMatch(/Managed save: +no/);
  }, 120_000);

  it("keeps a disk that a revision wants to keep until one has settled that does not", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const id = host.id();
    const spec = (retainPolicy: string): object => ({
      networks: [],
      disks: [{ sizeGb: 1, retainPolicy }],
    });
    await host.start(host.revision("r1", spec("Retain")));
    await host.replace(host.revision("r2", spec("Delete")));
    await host.runtime.restore(id, signal);
    await host.runtime.remove(id, signal);
    expect(await host.files()).toContain(`${id}-vda.qcow2`);

    const settled = host.revision("r2", spec("Delete"));
    await host.start(settled);
    await host.runtime.remove(id, signal);
    expect(await host.files()).toContain(`${id}-vda.qcow2`);
    await host.start(settled);
    await host.runtime.retire(id, [settled.specDigest], signal);
    await host.runtime.remove(id, signal);
    expect(await host.files()).toEqual([]);
  }, 120_000);

  it("takes no copy of a machine for ours", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const id = host.id();
    await host.start(host.revision("r1", { disks: [], networks: [] }));
    const copy = `${id}-copy`;
    const xml = (await outsider.xml(id)).replace(/<uuid>.*<\/uuid>/, "");
    const renamed = xml.replace(`<name>${id}<`, `<name>${copy}<`);
    await outsider.define(renamed.replace(/console-[\w-]+/, "console-copy"));
    await outsider.virsh("start", copy);

    await host.runtime.remove(id, signal);

    expect(await host.observe()).toEqual({ kind: "absent" });
    expect(await outsider.state(copy)).toBe("running");
  }, 120_000);

  it("sets a static address aside on libvirt's own network, until the machine is removed", async () => {
    const host = await LibvirtHarness.open(sharedLibvirtUri());
    const { outsider } = host;
    const ids = [host.id(), host.id("b")] as const;
    const [mac, another] = [randomMac(), randomMac()];
    const last = randomInt(200, 250);
    const [address, next] = [`192.168.122.${last}`, `192.168.122.${last + 1}`];
    onTestFinished(async () => {
      for (const id of ids) await host.runtime.remove(id, signal);
    });
    const wish = (macAddress: string, ipAddress: string): object => ({
      disks: [],
      networks: [{ macAddress, ipAddress: `${ipAddress}/24` }],
    });
    await host.prepare(host.revision("r1", wish(mac, address)));
    await host.prepare(host.revision("r1", wish(mac, address)));
    expect(await outsider.reservations(mac)).toHaveLength(1);
    expect((await outsider.reservations(mac)).join()).toContain(address);

    await expect(
      host.prepare(host.revision("r1", wish(another, address), ids[1])),
    ).rejects.toMatchObject({ code: "NETWORK_ERROR", effect: "none" });
    expect(await outsider.reservations(another)).toEqual([]);
    await host.prepare(host.revision("r2", wish(mac, next)));
    expect((await outsider.reservations(mac)).join()).toContain(next);

    for (const id of ids) await host.runtime.remove(id, signal);
    expect(await outsider.reservations(mac)).toEqual([]);
    expect(await host.files()).toEqual([]);
  });

  it("finds its machines again after the daemon was killed, and never takes them for gone meanwhile", async () => {
    const daemon = await PrivateLibvirt.start();
    const host = await LibvirtHarness.open(daemon.uri);
    const ids = ["a", "b", "c", "d", "e"].map((name) => host.id(name));
    const spec = { disks: [], networks: [] };
    for (const id of ids) await host.start(host.revision("r1", spec, id));
    const hints = await host.hints();
    const before = await Promise.all(ids.map((id) => host.current(id)));

    await daemon.kill();
    await expect
      .poll(() => hints.at(-1), { timeout: 10_000 })
      .toEqual({ id: undefined, what: "interrupted" });
    for (const id of ids)
      expect(await host.observe(id)).toMatchObject({
        kind: "unreadable",
        failure: { reason: "RUNTIME_UNAVAILABLE", retryable: true },
      });
    await expect(host.runtime.list(signal)).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
    expect(await host.runtime.probe(signal)).toMatchObject({ healthy: false });

    const told = hints.length;
    await daemon.up();
    await expect
      .poll(() => hints.slice(told), { timeout: 20_000 })
      .toContainEqual({ id: undefined, what: "subscribed" });
    const after = await Promise.all(ids.map((id) => host.current(id)));
    expect(after.map(({ state, run: name, handle }) => ({ state, name, handle }))).toEqual(
      before.map(({ run: name, handle }) => ({ state: "running", name, handle })),
    );
    expect([...(await host.runtime.list(signal)).keys()].toSorted()).toEqual(ids.toSorted());
  }, 180_000);
});

function randomMac(): string {
  return ["52", "54", ...(randomBytes(4).toString("hex").match(/../g) ?? [])].join(":");
}
