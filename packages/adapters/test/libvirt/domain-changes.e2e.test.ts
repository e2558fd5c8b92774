import { randomUUID } from "node:crypto";
import {
  AgentError,
  currentInstance,
  keptInstance,
  type Observation,
  type Target,
  type WorkloadId,
} from "@persys/core";
import { beforeEach, expect, it } from "vitest";
import { describeWithLibvirt } from "../../../../test/libvirt/libvirt-host.ts";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { observationOf } from "../../src/libvirt/domain-observation.ts";
import { DomainOperations } from "../../src/libvirt/domain-operations.ts";
import type { MachineMaking } from "../../src/libvirt/machine-making.ts";
import { machineUuid } from "../../src/libvirt/machine-names.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import {
  domainPausedReason,
  domainState,
  domainXmlFlags,
  type LibvirtClient,
  type LibvirtConnection,
  LibvirtError,
  type ProcedureName,
} from "../../src/libvirt/rpc/index.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { element, renderXml } from "../../src/libvirt/xml.ts";
import { DomainOutsider } from "./domain-outsider.ts";
import { fakeHypervisor } from "./fake-hypervisor.ts";
import { MortalConnection } from "./mortal-connection.ts";
import { aTarget, workloadId } from "./targets.ts";

const { signal } = new AbortController();
const nodeId = "node";

/** What a machine is given, and what it has to be started for to have another of. */
interface Wanted {
  readonly vcpus?: number;
  readonly vcpusMax?: number;
  readonly memoryMb?: number;
  readonly memoryMaxMb?: number;
  readonly body?: string;
}

/** What the fake hypervisor does not take: it has no such devices. */
const refusedBody = "refused";

/** Shows machines as paused by an error of a disk. */
class WithFailingDisks extends OwnedDomains {
  override async all(looking: AbortSignal): Promise<ReadonlyMap<WorkloadId, SeenDomain>> {
    const failing = { state: domainState.paused, reason: domainPausedReason.ioerror };
    const all = await super.all(looking);
    return new Map([...all].map(([id, seen]) => [id, { ...seen, ...failing }]));
  }
}

/** What a disk fails with again as soon as its machine goes on. */
const diskFails = new AgentError("STORAGE_ERROR", "the disk fails", { retryable: true });

describeWithLibvirt("a change of a machine that runs", () => {
  let client: LibvirtClient;
  let domains: OwnedDomains;
  let outsider: DomainOutsider;
  const revisions = new Map<string, Wanted>();
  const bodies = new Map<string, string>();
  const grown: string[] = [];
  let id = workloadId("unnamed");

  beforeEach(async () => {
    client = fakeHypervisor();
    await client.call("connectGetHostname", undefined, { signal });
    domains = new OwnedDomains(client, nodeId);
    outsider = new DomainOutsider(client);
    id = workloadId(`ch-${randomUUID()}`);
    grown.length = 0;
  });

  async function describe(target: Target, { instance }: MachineMaking): Promise<string> {
    const wanted = revisions.get(target.revisionId) ?? {};
    const { body = "", vcpus = 1, vcpusMax = vcpus, memoryMb = 64 } = wanted;
    bodies.set(instance, body);
    return renderXml(
      element("domain", { type: "test" }, [
        element("name", {}, target.id),
        element("uuid", {}, machineUuid(target, nodeId)),
        element("memory", { unit: "MiB" }, String(wanted.memoryMaxMb ?? memoryMb)),
        element("currentMemory", { unit: "MiB" }, String(memoryMb)),
        element("vcpu", { current: vcpus }, String(vcpusMax)),
        element("os", {}, [element("type", {}, body === refusedBody ? "nothing" : "hvm")]),
      ]),
    );
  }

  function operations(connection: Pick<LibvirtConnection, "call"> = client): DomainOperations {
    return new DomainOperations({
      calls: new DomainCalls(connection),
      domains,
      nodeId,
      describe,
      flags: { shutdown: 0, startAnew: 0, undefine: 3 },
      files: {
        assertPrepared: async () => {},
        makePlace: async () => {},
        grow: async (target) => void grown.push(target.revisionId),
        withSecrets: async (_id, _instance, xml) => xml,
        isResized: async (_id, one, other) => bodies.get(one) === bodies.get(other),
        disksOf: async () => [],
        removeDisks: async () => {},
        removeRest: async () => {},
      },
    });
  }

  function revision(revisionId: string, wanted: Wanted): Target {
    revisions.set(revisionId, wanted);
    return aTarget({ id, revisionId, specDigest: `digest-${revisionId}`, stopGraceMs: 2_000 });
  }

  async function replace(target: Target, by: DomainOperations = operations()): Promise<void> {
    await by.makeCurrent(target, { setsRight: true, signal });
  }

  async function look(): Promise<Observation> {
    const seen = (await domains.all(signal)).get(id);
    return seen === undefined ? { kind: "absent" } : observationOf(seen);
  }

  async function current() {
    const found = currentInstance(await look());
    if (found === undefined) throw new Error("nothing is there");
    return found;
  }

  async function number(): Promise<number> {
    return (await outsider.dom(id)).id;
  }

  const small = { vcpus: 2, vcpusMax: 4, memoryMb: 64, memoryMaxMb: 128 };
  const large = { vcpus: 3, vcpusMax: 4, memoryMb: 96, memoryMaxMb: 128 };

  it("is made without ending it where it only gets more or less, as another run that began when it did", async () => {
    await replace(revision("r1", small));
    const [before, domainId] = [await current(), await number()];

    await replace(revision("r2", large));

    expect(await look()).toMatchObject({
      instances: [
        {
          revisionId: "r2",
          state: "running",
          startedAtMs: before.startedAtMs,
          drift: [],
          facts: { "vm.vcpus": "3", "vm.vcpus_max": "4", "vm.memory_mb": "96" },
        },
        { revisionId: "r1", kept: true, handle: before.handle, run: before.run },
      ],
    });
    expect((await current()).run).not.toBe(before.run);
    expect(await outsider.xml(id)).toMatch(/<vcpu[^>]* current='3'/);
    await operations().restore(id, signal);
    await operations().restore(id, signal);
    expect(await look()).toMatchObject({
      instances: [
        {
          revisionId: "r1",
          handle: before.handle,
          startedAtMs: before.startedAtMs,
          facts: { "vm.vcpus": "2", "vm.memory_mb": "64" },
        },
      ],
    });
    expect(keptInstance(await look())).toBeUndefined();
    expect(await number()).toBe(domainId);
    expect(grown).toEqual(["r1"]);
    await operations().remove(id, signal);
  });

  it.each([
    ["more processors than it has room for", { ...small, vcpus: 8, vcpusMax: 8 }],
    ["more memory than it has room for", { ...small, memoryMb: 256, memoryMaxMb: 256 }],
    ["something else", { ...small, body: "another disk" }],
  ])("starts it anew where it gets %s", async (_, wanted) => {
    await replace(revision("r1", small));
    const domainId = await number();

    await replace(revision("r2", wanted));

    expect(await number()).not.toBe(domainId);
    expect(await look()).toMatchObject({
      instances: [{ revisionId: "r2", state: "running", drift: [] }, { revisionId: "r1" }],
    });
    expect(grown).toEqual(["r1", "r2"]);
    await operations().remove(id, signal);
  });

  it("asks for its memory whatever it has: what it was asked for before may be yet to come", async () => {
    await replace(revision("r1", small));
    const asked: unknown[] = [];
    const listening: Pick<LibvirtConnection, "call"> = {
      call: (name, args, how) => {
        if (name === "domainSetMemoryFlags") asked.push(args);
        return client.call(name, args, how);
      },
    };

    await replace(revision("r2", small), operations(listening));

    expect(asked).toMatchObject([{ memory: 65_536n }]);
    await operations().remove(id, signal);
  });

  it("leaves it as it is where libvirt does not take the new definition", async () => {
    await replace(revision("r1", small));
    const [before, domainId] = [await look(), await number()];

    await expect(replace(revision("r2", { body: refusedBody }))).rejects.toBeInstanceOf(
      LibvirtError,
    );

    expect(await look()).toEqual(before);
    expect(await number()).toBe(domainId);
    await operations().remove(id, signal);
  });

  it.each([
    ["without an end", large],
    ["by a start", { ...small, body: "another disk" }],
  ])(
    "%s, cut off after any call, shows the one or the other, and is finished or taken back",
    async (_, wanted) => {
      const [one, two] = [revision("r1", small), revision("r2", wanted)];
      for (const finishing of [two, one])
        for (let calls = 0; ; calls += 1) {
          await replace(one);
          const { handle } = await current();
          const mortal = new MortalConnection(client, calls);
          await replace(two, operations(mortal)).catch(() => {});
          domains = new OwnedDomains(client, nodeId);
          const [shown, domainId] = [await look(), await number()];
          const handles =
            shown.kind === "present" ? shown.instances.map((part) => part.handle) : [];
          expect(handles, `after ${calls} calls`).toContain(handle);

          await replace(finishing);

          expect(await current(), `after ${calls} calls`).toMatchObject({
            revisionId: finishing.revisionId,
            state: "running",
            drift: [],
            facts: { "vm.vcpus": String(finishing === one ? 2 : wanted.vcpus) },
          });
          const seen = (await domains.all(signal)).get(id);
          expect(seen?.running?.size).toEqual(seen?.definition.size);
          expect(seen?.ownership.current?.config).toBe(seen?.definition.digest);
          if (wanted === large) expect(await number()).toBe(domainId);
          await operations().remove(id, signal);
          if (!mortal.isDead) break;
        }
    },
    60_000,
  );

  it("takes back what somebody has done to its processors, its start and its name", async () => {
    const target = revision("r1", small);
    await replace(target);
    const before = await current();
    const domainId = await number();

    const dom = await outsider.dom(id);
    await client.call("domainSetVcpusFlags", { dom, nvcpus: 4, flags: 1 }, { signal });
    await client.call("domainSetAutostart", { dom, autostart: 1 }, { signal });
    expect((await current()).drift).toEqual([
      "libvirt is to start it by itself",
      "it was given other processors while it runs",
    ]);
    await replace(target);
    expect(await current()).toMatchObject({ drift: [], run: before.run });
    expect(await number()).toBe(domainId);

    await outsider.kill(id);
    const newName = `${id}-renamed`;
    await client.call(
      "domainRename",
      { dom: await outsider.dom(id), newName, flags: 0 },
      { signal },
    );
    expect((await current()).drift).toContain("it was renamed");
    await replace(target);
    expect(await current()).toMatchObject({ drift: [], state: "running" });
    expect(await outsider.names(id)).toEqual([id]);

    await outsider.kill(id);
    await client.call(
      "domainRename",
      { dom: await outsider.dom(id), newName, flags: 0 },
      { signal },
    );
    await outsider.start(newName);
    await replace(revision("r2", large));
    expect(await current()).toMatchObject({ drift: [], revisionId: "r2" });
    expect(await outsider.names(id)).toEqual([id]);
    await operations().remove(id, signal);
  });

  it("ends none that a failing disk has paused, which has in its memory what is on no disk", async () => {
    await replace(revision("r1", small));
    await replace(revision("r2", { ...small, body: "another disk" }));
    const [before, domainId] = [await look(), await number()];
    const resumed: ProcedureName[] = [];
    const failing: Pick<LibvirtConnection, "call"> = {
      call: (name, args, how) => {
        if (name !== "domainResume") return client.call(name, args, how);
        resumed.push(name);
        return Promise.reject(diskFails);
      },
    };
    const own = domains;
    domains = new WithFailingDisks(client, nodeId);
    const stuck = operations(failing);

    await expect(stuck.restore(id, signal)).rejects.toBe(diskFails);
    await expect(replace(revision("r3", { body: "a third" }), stuck)).rejects.toBe(diskFails);
    domains = own;

    expect(resumed).toHaveLength(2);
    expect(await look()).toEqual(before);
    expect(await number()).toBe(domainId);
    await operations().remove(id, signal);
  });

  it("lets libvirt start none that is to be stopped", async () => {
    await replace(revision("r1", small));
    const dom = await outsider.dom(id);
    await client.call("domainSetAutostart", { dom, autostart: 1 }, { signal });

    await operations().stop(id, 2_000, signal);

    expect(await current()).toMatchObject({ state: "exited", drift: [] });
    await operations().remove(id, signal);
  });

  it("keeps no definition that somebody has edited", async () => {
    await replace(revision("r1", small));
    await outsider.edit(id);
    expect((await current()).drift).toEqual(["its definition was edited"]);

    await replace(revision("r2", { ...small, body: "another disk" }));

    expect(await look()).toMatchObject({ instances: [{ revisionId: "r2" }] });
    expect(keptInstance(await look())).toBeUndefined();
    await operations().remove(id, signal);
  });

  it("that was removed from the definitions alone keeps its marks with what runs", async () => {
    await replace(revision("r1", small));
    await replace(revision("r2", large));
    const args = { dom: await outsider.dom(id), flags: domainXmlFlags.inactive };
    expect((await client.call("domainGetXmlDesc", args, { signal })).xml).toContain("r2");
    await outsider.undefine(id);

    expect(await current()).toMatchObject({ revisionId: "r2", state: "running" });
    await operations().remove(id, signal);
  });
});
