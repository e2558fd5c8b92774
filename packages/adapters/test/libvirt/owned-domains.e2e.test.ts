import { randomUUID } from "node:crypto";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt, sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import {
  type DomainOwnership,
  marksFor,
  ownershipElement,
  ownershipNamespace,
  ownershipPrefix,
  renderOwnership,
} from "../../src/libvirt/domain-ownership.ts";
import { machineUuid } from "../../src/libvirt/machine-names.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import {
  type ArgsOf,
  type CallOptions,
  domainMetadataType,
  domainModificationImpact,
  LibvirtClient,
  type LibvirtConnection,
  type LibvirtEvent,
  parseLibvirtUri,
  type ProcedureName,
  type RetOf,
} from "../../src/libvirt/rpc/index.ts";
import { element, renderXml } from "../../src/libvirt/xml.ts";
import { aTarget, workloadId } from "./targets.ts";

const { uid } = aTarget();
const options = { signal: new AbortController().signal };

/** Counts the calls by name, but for those about machines that other tests have there. */
class CountingConnection implements Pick<LibvirtConnection, "call"> {
  readonly counts = new Map<string, number>();
  readonly #client: LibvirtClient;
  readonly #prefix: string;

  constructor(client: LibvirtClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  call<Name extends ProcedureName>(
    name: Name,
    args: ArgsOf<Name>,
    how: CallOptions,
  ): Promise<RetOf<Name>> {
    if (this.#isOurs(args)) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return this.#client.call(name, args, how);
  }

  #isOurs(args: unknown): boolean {
    if (typeof args !== "object" || args === null || !("dom" in args)) return true;
    const { dom } = args;
    const name = typeof dom === "object" && dom !== null && "name" in dom ? String(dom.name) : "";
    return name.startsWith(this.#prefix);
  }
}

/** The fake hypervisor in the daemon's memory, which forgets all once nobody is connected. */
function fakeClient(): LibvirtClient {
  const uri = sharedLibvirtUri().replace("qemu+unix:///system", "test+unix:///default");
  const endpoint = parseLibvirtUri(uri, {});
  if (endpoint === undefined) throw new Error("no URI");
  const client = new LibvirtClient(endpoint);
  onTestFinished(() => client.close());
  return client;
}

describeWithLibvirt("OwnedDomains", () => {
  let nodeId: string;

  beforeEach(() => {
    nodeId = randomUUID();
  });

  function owned(name: string, node = nodeId): DomainOwnership {
    const target = aTarget({ id: workloadId(name) });
    return {
      id: target.id,
      nodeId: node,
      current: marksFor(target, name),
      kept: undefined,
      former: undefined,
    };
  }

  async function define(client: LibvirtClient, name: string, ownership?: DomainOwnership) {
    const xml = renderXml(
      element("domain", { type: "test" }, [
        element("name", {}, name),
        ownership && element("uuid", {}, machineUuid({ id: ownership.id, uid }, ownership.nodeId)),
        ownership && element("metadata", {}, [ownershipElement(ownership)]),
        element("memory", { unit: "MiB" }, "8"),
        element("os", {}, [element("type", {}, "hvm")]),
      ]),
    );
    const { dom } = await client.call("domainDefineXmlFlags", { xml, flags: 0 }, options);
    return dom;
  }

  it("shows this node's domains and no others, with their states", async () => {
    const client = fakeClient();
    const prefix = randomUUID();
    await define(client, `${prefix}-ours`, owned(`${prefix}-ours`));
    await define(client, `${prefix}-another-nodes`, owned(`${prefix}-another-nodes`, "other"));
    const dom = await define(client, `${prefix}-nobodys`);
    await client.call("domainCreateWithFlags", { dom, flags: 0 }, options);

    const all = await new OwnedDomains(client, nodeId).all(options.signal);

    expect([...all.keys()]).toEqual([`${prefix}-ours`]);
    expect(all.get(workloadId(`${prefix}-ours`))).toMatchObject({ state: 5, domainId: -1 });
  });

  it("reads a hundred by one call, and marks again only where a definition changed", async () => {
    const client = fakeClient();
    const prefix = randomUUID();
    const names = Array.from({ length: 100 }, (_, at) => `${prefix}-${at}`);
    const doms = await Promise.all(names.map((name) => define(client, name, owned(name))));
    const counting = new CountingConnection(client, prefix);
    const domains = new OwnedDomains(counting, nodeId);
    const controller = new AbortController();
    const followed = domains.follow(
      client.events(["lifecycle", "metadataChange"], controller.signal),
    );
    expect((await followed.next()).value).toEqual({ kind: "subscribed" });
    await domains.all(options.signal);
    counting.counts.clear();

    expect((await domains.all(options.signal)).size).toBe(100);
    expect(Object.fromEntries(counting.counts)).toEqual({ connectGetAllDomainStats: 1 });

    const dom = doms[7] ?? { name: "", uuid: "", id: -1 };
    const ownership = owned(dom.name);
    const kept = { ...marksFor(aTarget(), "old"), xml: "<domain/>" };
    await client.call(
      "domainSetMetadata",
      {
        dom,
        type: domainMetadataType.element,
        metadata: renderOwnership({ ...ownership, kept }),
        key: ownershipPrefix,
        uri: ownershipNamespace,
        flags: domainModificationImpact.config,
      },
      options,
    );
    await metadataChanged(followed, dom.uuid);
    counting.counts.clear();

    const all = await domains.all(options.signal);

    expect(all.get(ownership.id)?.ownership.kept).toEqual(kept);
    expect(Object.fromEntries(counting.counts)).toEqual({
      connectGetAllDomainStats: 1,
      connectListAllDomains: 1,
      domainGetXmlDesc: 1,
      domainIsPersistent: 1,
    });
    controller.abort();
    await followed.next();
  });

  it("sees that libvirt is to start a machine where it is asked exactly, and else after a while", async () => {
    const client = fakeClient();
    const id = workloadId(randomUUID());
    const dom = await define(client, id, owned(id));
    const domains = new OwnedDomains(client, nodeId);
    const controller = new AbortController();
    const followed = domains.follow(client.events(["lifecycle"], controller.signal));
    await followed.next();
    const isAutostarted = async (isExact: boolean): Promise<boolean | undefined> =>
      (await domains.all(options.signal, isExact)).get(id)?.isAutostarted;
    expect(await isAutostarted(false)).toBe(false);

    await client.call("domainSetAutostart", { dom, autostart: 1 }, options);

    expect(await isAutostarted(false)).toBe(false);
    expect(await isAutostarted(true)).toBe(true);
    expect(await isAutostarted(false)).toBe(true);
    controller.abort();
    await followed.next();
  });

  it("reads all marks again while nobody follows what changes", async () => {
    const client = fakeClient();
    const prefix = randomUUID();
    await define(client, `${prefix}-a`, owned(`${prefix}-a`));
    const counting = new CountingConnection(client, prefix);
    const domains = new OwnedDomains(counting, nodeId);
    await domains.all(options.signal);
    const first = counting.counts.get("domainGetXmlDesc") ?? 0;

    await domains.all(options.signal);

    expect(first).toBeGreaterThan(0);
    expect(counting.counts.get("domainGetXmlDesc")).toBeGreaterThan(first);
  });

  it("reads again after a while what libvirt tells no event of", async () => {
    const client = fakeClient();
    const id = workloadId(randomUUID());
    const marks = ownershipElement(owned(id));
    const xml = renderXml(
      element("domain", { type: "test" }, [
        element("name", {}, id),
        element("uuid", {}, machineUuid({ id, uid }, nodeId)),
        element("metadata", {}, [marks]),
        element("memory", { unit: "MiB" }, "8"),
        element("vcpu", { current: 1 }, "2"),
        element("os", {}, [element("type", {}, "hvm")]),
      ]),
    );
    const made = await client.call("domainDefineXmlFlags", { xml, flags: 0 }, options);
    const args = { dom: made.dom, flags: 0 };
    const { dom } = await client.call("domainCreateWithFlags", args, options);
    const domains = new OwnedDomains(client, nodeId, 50);
    const controller = new AbortController();
    const followed = domains.follow(client.events(["lifecycle"], controller.signal));
    await followed.next();
    const vcpus = async () => (await domains.all(options.signal)).get(id)?.running?.size?.vcpus;
    expect(await vcpus()).toBe(1);

    await client.call("domainSetVcpusFlags", { dom, nvcpus: 2, flags: 1 }, options);

    await expect.poll(vcpus, { timeout: 5_000 }).toBe(2);
    controller.abort();
    await followed.next();
    await client.call("domainDestroyFlags", { dom, flags: 0 }, options);
    await client.call("domainUndefineFlags", { dom, flags: 0 }, options);
  });

  it("throws where nothing can be read, rather than show nothing", async () => {
    const endpoint = { socketPaths: ["/nowhere/socket"], name: "test:///default" };
    const client = new LibvirtClient(endpoint);

    await expect(new OwnedDomains(client, nodeId).all(options.signal)).rejects.toMatchObject({
      fault: "unreachable",
    });
  });
});

/** Reads on until the metadata of a domain have changed: others change theirs as well. */
async function metadataChanged(
  events: AsyncGenerator<LibvirtEvent, void>,
  uuid: string,
): Promise<void> {
  for (;;) {
    const { value } = await events.next();
    if (value?.kind !== "domain" || value.name !== "metadataChange") continue;
    if (value.message.dom.uuid === uuid) return;
  }
}
