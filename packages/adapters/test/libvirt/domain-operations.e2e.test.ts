import { randomUUID } from "node:crypto";
import type { Observation, Target } from "@persys/core";
import { beforeEach, expect, it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { observationOf } from "../../src/libvirt/domain-observation.ts";
import { DomainOperations } from "../../src/libvirt/domain-operations.ts";
import type { MachineFiles } from "../../src/libvirt/machine-files.ts";
import { machineUuid } from "../../src/libvirt/machine-names.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import type { LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { element, renderXml } from "../../src/libvirt/xml.ts";
import { hostBoot } from "../../src/shared/boot-id.ts";
import { fakeHypervisor } from "./fake-hypervisor.ts";
import { aTarget, workloadId } from "./targets.ts";

const { signal } = new AbortController();
const nodeId = "node";

/** A machine that the fake hypervisor takes, whose memory is named by its revision. */
async function describeFake(target: Target): Promise<string> {
  return renderXml(
    element("domain", { type: "test" }, [
      element("name", {}, target.id),
      element("uuid", {}, machineUuid(target, nodeId)),
      element("memory", { unit: "MiB" }, target.revisionId.replace("r", "")),
      element("os", {}, [element("type", {}, "hvm")]),
    ]),
  );
}

/** Machines without files. */
const noFiles: MachineFiles = {
  assertPrepared: async () => {},
  makePlace: async () => {},
  grow: async () => {},
  withSecrets: async (_id, _instance, xml) => xml,
  isResized: async () => false,
  disksOf: async () => [],
  removeDisks: async () => {},
  removeRest: async () => {},
};

describeWithLibvirt("DomainOperations", () => {
  let client: LibvirtClient;
  let domains: OwnedDomains;
  let operations: DomainOperations;
  let target: Target;

  beforeEach(async () => {
    client = fakeHypervisor();
    // The hypervisor lasts as long as somebody is connected.
    await client.call("connectGetHostname", undefined, { signal });
    domains = new OwnedDomains(client, nodeId);
    operations = reopened();
    target = revision("r8");
  });

  function reopened(): DomainOperations {
    const calls = new DomainCalls(client);
    return new DomainOperations({
      calls,
      domains,
      nodeId,
      describe: describeFake,
      flags: { shutdown: 0, startAnew: 0, undefine: 3 },
      files: noFiles,
    });
  }

  async function bringUp(wanted: Target): Promise<void> {
    await operations.makeCurrent(wanted, { setsRight: false, signal });
  }

  const id = workloadId(`op-${randomUUID()}`);

  function revision(revisionId: string, uid = "uid-1"): Target {
    return aTarget({ id, uid, revisionId, specDigest: `digest-${revisionId}` });
  }

  async function look(): Promise<Observation> {
    const seen = (await domains.all(signal)).get(target.id);
    return seen === undefined ? { kind: "absent" } : observationOf(seen);
  }

  async function memoryOf(): Promise<string | undefined> {
    const args = { dom: await dom(), flags: 2 };
    const { xml } = await client.call("domainGetXmlDesc", args, { signal });
    return /<memory unit='KiB'>(\d+)</.exec(xml)?.[1];
  }

  async function dom() {
    return (await client.call("domainLookupByName", { name: target.id }, { signal })).dom;
  }

  it("makes, runs, stops and runs again the same instance, as another run", async () => {
    await operations.makeFirst(target, signal);
    expect(await look()).toMatchObject({ instances: [{ state: "created", revisionId: "r8" }] });

    await bringUp(target);
    const first = await look();
    await bringUp(target);
    expect(await look()).toEqual(first);
    expect(first).toMatchObject({
      instances: [{ state: "running", run: expect.any(String), startedAtMs: expect.any(Number) }],
    });

    const { current } = (await domains.all(signal)).get(id)?.ownership ?? {};
    expect(current).toMatchObject({ domainId: expect.any(Number), boot: hostBoot() });

    await operations.stop(id, 5_000, signal);
    await operations.stop(id, 5_000, signal);
    expect(await look()).toMatchObject({
      instances: [{ state: "exited", exit: { kind: "code", code: 0 } }],
    });

    await bringUp(target);
    const second = await look();
    expect(handleOf(second)).toBe(handleOf(first));
    expect(runOf(second)).not.toBe(runOf(first));
    await operations.remove(id, signal);
    await operations.remove(id, signal);
    expect(await look()).toEqual({ kind: "absent" });
  });

  it("keeps the old revision's description through an update, and goes back to it", async () => {
    await bringUp(target);
    const before = await dom();
    await bringUp(revision("r16"));

    expect(await look()).toMatchObject({
      instances: [
        { revisionId: "r16", kept: false, state: "running" },
        { revisionId: "r8", kept: true, state: "exited" },
      ],
    });
    expect(await memoryOf()).toBe(String(16 * 1024));
    expect((await dom()).uuid).toBe(before.uuid);
    await bringUp(revision("r24"));
    expect(await look()).toMatchObject({
      instances: [{ revisionId: "r24" }, { revisionId: "r8", kept: true }],
    });

    await operations.restore(id, signal);
    await operations.restore(id, signal);

    expect(await look()).toMatchObject({
      instances: [{ revisionId: "r8", kept: false, state: "running" }],
    });
    expect(await memoryOf()).toBe(String(8 * 1024));
    await operations.remove(id, signal);
  });

  it("forgets what is kept, and leaves the current machine running", async () => {
    await bringUp(target);
    await bringUp(revision("r16"));
    const run = runOf(await look());

    await operations.retire(id, signal);
    await operations.retire(id, signal);

    const observation = await look();
    expect(observation).toMatchObject({ instances: [{ revisionId: "r16", state: "running" }] });
    expect(runOf(observation)).toBe(run);
    await operations.remove(id, signal);
  });

  it("makes another creation another machine", async () => {
    await bringUp(target);
    const before = await dom();

    await bringUp(revision("r16", "uid-2"));

    expect(await look()).toMatchObject({ instances: [{ uid: "uid-2", state: "running" }] });
    expect((await dom()).uuid).not.toBe(before.uuid);
    await operations.remove(id, signal);
  });

  it("goes on with a machine that somebody has paused, with the same run", async () => {
    await bringUp(target);
    const run = runOf(await look());
    await client.call("domainSuspend", { dom: await dom() }, { signal });
    expect(await look()).toMatchObject({ instances: [{ state: "paused" }] });

    await bringUp(target);

    expect(await look()).toMatchObject({ instances: [{ state: "running", run }] });
    await operations.remove(id, signal);
  });

  it("takes an end by force for no success, and makes again what somebody has removed", async () => {
    await bringUp(target);
    await client.call("domainDestroyFlags", { dom: await dom(), flags: 0 }, { signal });
    expect(await look()).toMatchObject({ instances: [{ exit: { kind: "unknown" } }] });
    await client.call("domainUndefineFlags", { dom: await dom(), flags: 0 }, { signal });
    expect(await look()).toEqual({ kind: "absent" });

    await bringUp(target);

    expect(await look()).toMatchObject({ instances: [{ state: "running" }] });
    await operations.remove(id, signal);
  });

  it("names the run of a machine that somebody else has started, until it is started by us", async () => {
    await operations.makeFirst(target, signal);
    await client.call("domainCreateWithFlags", { dom: await dom(), flags: 0 }, { signal });

    expect(await look()).toMatchObject({
      instances: [{ state: "running", run: expect.any(String) }],
    });
    await operations.remove(id, signal);
  });

  it("refuses to take a stranger's name, and does nothing to it", async () => {
    const xml = await describeFake(revision("r4", "stranger"));
    const made = await client.call("domainDefineXmlFlags", { xml, flags: 0 }, { signal });

    for (const call of [() => operations.makeFirst(target, signal), () => bringUp(target)])
      await expect(call()).rejects.toMatchObject({ code: "NAME_CONFLICT", effect: "none" });
    await operations.stop(id, 0, signal);
    await operations.remove(id, signal);

    expect((await dom()).uuid).toBe(made.dom.uuid);
    await client.call("domainUndefineFlags", { dom: made.dom, flags: 0 }, { signal });
  });

  it("does nothing for who has called it off before", async () => {
    const reason = new Error("enough");
    const aborted = AbortSignal.abort(reason);

    await expect(operations.makeFirst(target, aborted)).rejects.toBe(reason);
    const options = { setsRight: false, signal: aborted };
    await expect(operations.makeCurrent(target, options)).rejects.toBe(reason);

    expect(await look()).toEqual({ kind: "absent" });
  });

  it("finds by another object what the first has made", async () => {
    await bringUp(target);
    const before = await look();

    await reopened().makeCurrent(target, { setsRight: false, signal });

    expect(await look()).toEqual(before);
    await reopened().remove(id, signal);
    expect(await look()).toEqual({ kind: "absent" });
  });
});

function handleOf(observation: Observation): string | undefined {
  return observation.kind === "present" ? observation.instances[0]?.handle : undefined;
}

function runOf(observation: Observation): string | undefined {
  return observation.kind === "present" ? observation.instances[0]?.run : undefined;
}
