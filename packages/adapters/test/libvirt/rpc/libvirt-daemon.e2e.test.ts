import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { describeWithLibvirt, sharedLibvirtUri } from "../../../../../test/libvirt/libvirt-host.ts";
import { PrivateLibvirt } from "../../../../../test/libvirt/private-libvirt.ts";
import {
  connectListAllDomainsFlags,
  domainCreateFlags,
  domainEventType,
  domainShutoffReason,
  domainState,
  domainStatsTypes,
  type LibvirtClientOptions,
  LibvirtClient,
  LibvirtError,
  type LibvirtEvent,
  parametersOf,
  parseLibvirtUri,
} from "../../../src/libvirt/rpc/index.ts";

function clientOf(uri: string, options: LibvirtClientOptions = {}): LibvirtClient {
  const endpoint = parseLibvirtUri(uri, {});
  if (endpoint === undefined) throw new Error(`no URI of libvirt: ${uri}`);
  const client = new LibvirtClient(endpoint, options);
  onTestFinished(() => client.close());
  return client;
}

const options = { signal: new AbortController().signal };

/** A hypervisor in the daemon's memory, with one machine named `test`. Each connection to it is a world of its own. */
function fakeClient(): LibvirtClient {
  return clientOf(sharedLibvirtUri().replace("qemu+unix:///system", "test+unix:///default"), {
    connectionsMax: 1,
  });
}

/** A machine without a disk: it looks for one, in vain, until it is stopped. */
function machineXml(name: string): string {
  return `<domain type="qemu"><name>${name}</name><memory unit="MiB">32</memory><vcpu>1</vcpu>
    <os><type arch="x86_64" machine="q35">hvm</type></os></domain>`;
}

describeWithLibvirt("a fake hypervisor, through the daemon", () => {
  it("tells who it is", async () => {
    const client = fakeClient();

    expect((await client.call("connectGetType", undefined, options)).type).toBe("TEST");
    expect((await client.call("connectGetLibVersion", undefined, options)).libVer).toBeGreaterThan(
      8_000_000n,
    );
    expect((await client.call("connectGetUri", undefined, options)).uri).toBe("test:///default");
  });

  it("finds a machine by name, tells its state, and stops and starts it", async () => {
    const client = fakeClient();
    const { dom } = await client.call("domainLookupByName", { name: "test" }, options);
    expect(dom.uuid).toMatch(/^[0-9a-f-]{36}$/);
    expect(await client.call("domainGetState", { dom, flags: 0 }, options)).toEqual({
      state: domainState.running,
      reason: expect.any(Number),
    });

    await client.call("domainDestroyFlags", { dom, flags: 0 }, options);

    expect(await client.call("domainGetState", { dom, flags: 0 }, options)).toEqual({
      state: domainState.shutoff,
      reason: domainShutoffReason.destroyed,
    });
    await client.call("domainCreateWithFlags", { dom, flags: domainCreateFlags.none }, options);
    expect((await client.call("domainIsActive", { dom }, options)).active).toBe(1);
  });

  it("tells that a machine is not there by code, not by words", async () => {
    const failure = await fakeClient()
      .call("domainLookupByName", { name: "nobody" }, options)
      .catch((error: unknown) => error);

    expect(LibvirtError.hasCode(failure, "noDomain")).toBe(true);
  });

  it("tells faults of a description by code", async () => {
    const failure = await fakeClient()
      .call("domainDefineXmlFlags", { xml: "<domain", flags: 0 }, options)
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({ codeName: "xmlDetail", domainName: "domain" });
  });

  it("carries hundreds of calls at once, each with its own answer", async () => {
    const client = fakeClient();
    const uuids = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const { dom } = await client.call("domainLookupByName", { name: "test" }, options);
        return dom.uuid;
      }),
    );

    expect(new Set(uuids).size).toBe(1);
  });

  it("carries a text of a megabyte both ways", async () => {
    const client = fakeClient();
    const { dom } = await client.call("domainLookupByName", { name: "test" }, options);
    const metadata = "ä".repeat(500_000);

    const set = { dom, type: 1, metadata, key: null, uri: null, flags: 0 };
    const failure = await client.call("domainSetMetadata", set, options).then(
      () => undefined,
      (error: unknown) => error,
    );

    expect(failure).toBeUndefined();
    const get = { dom, type: 1, uri: null, flags: 0 };
    expect((await client.call("domainGetMetadata", get, options)).metadata).toBe(metadata);
  });
});

describeWithLibvirt("QEMU, through the daemon", () => {
  it("defines, starts, measures, stops and forgets a machine, and tells of each", async () => {
    const client = clientOf(sharedLibvirtUri());
    const name = `rpc-${randomUUID()}`;
    const seen = told(client, name);
    await seen.subscribed;

    const xml = machineXml(name);
    const { dom } = await client.call("domainDefineXmlFlags", { xml, flags: 1 }, options);
    onTestFinished(async () => {
      await forget(client, name);
    });
    const started = await client.call("domainCreateWithFlags", { dom, flags: 0 }, options);
    expect(started.dom.id).toBeGreaterThan(0);
    const { retStats } = await client.call(
      "connectGetAllDomainStats",
      { doms: [dom], stats: domainStatsTypes.state + domainStatsTypes.balloon, flags: 0 },
      options,
    );
    expect(parametersOf(retStats[0]?.params ?? []).get("state.state")).toBe(domainState.running);
    expect(parametersOf(retStats[0]?.params ?? []).get("balloon.maximum")).toBe(32n * 1024n);
    await client.call("domainDestroyFlags", { dom, flags: 0 }, options);
    await client.call("domainUndefineFlags", { dom, flags: 0 }, options);

    const { defined, started: start, stopped, undefined: undefined_ } = domainEventType;
    const expected: readonly number[] = [defined, start, stopped, undefined_];
    await expect
      .poll(() => seen.events.filter((kind) => expected.includes(kind)))
      .toEqual(expected);
  });
});

describeWithLibvirt("a daemon that goes", () => {
  it("fails calls while it is gone, and is found again with its machines", async () => {
    const libvirt = await PrivateLibvirt.start();
    const client = clientOf(libvirt.uri);
    const { dom } = await client.call(
      "domainDefineXmlFlags",
      { xml: machineXml("survivor"), flags: 0 },
      options,
    );
    await client.call("domainCreateWithFlags", { dom, flags: 0 }, options);
    const controller = new AbortController();
    const stream = client.events(["lifecycle"], controller.signal);
    expect((await stream.next()).value).toEqual({ kind: "subscribed" });

    await libvirt.kill();

    const list = { needResults: 1, flags: connectListAllDomainsFlags.active };
    await expect(client.call("connectListAllDomains", list, options)).rejects.toMatchObject({
      name: "LibvirtConnectionError",
    });
    expect((await stream.next()).value).toMatchObject({ kind: "interrupted" });
    await libvirt.up();
    const { domains } = await client.call("connectListAllDomains", list, options);
    expect(domains.map((each) => each.name)).toEqual(["survivor"]);
    let event = (await stream.next()).value;
    while (event?.kind === "interrupted") event = (await stream.next()).value;
    expect(event).toEqual({ kind: "subscribed" });
    await client.call("domainDestroyFlags", { dom, flags: 0 }, options);
    expect((await stream.next()).value).toMatchObject({ kind: "domain", name: "lifecycle" });
    controller.abort();
  });

  it("that answers nothing is noticed by its silence, and one that wakes up is used again", async () => {
    const libvirt = await PrivateLibvirt.start();
    const keepalive = { intervalMs: 50, pingsMax: 2 };
    const client = clientOf(libvirt.uri, { keepalive, openTimeoutMs: 300 });
    await client.call("connectGetHostname", undefined, options);
    await libvirt.freeze();

    const failure = await client
      .call("connectGetHostname", undefined, options)
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({ fault: "silent", sent: true });
    await expect(client.call("connectGetHostname", undefined, options)).rejects.toMatchObject({
      fault: "silent",
      sent: false,
    });
    await libvirt.thaw();
    expect((await client.call("connectGetHostname", undefined, options)).hostname).not.toBe("");
  });
});

/** The kinds of events of one machine's life, in order. */
function told(
  client: LibvirtClient,
  name: string,
): { readonly events: number[]; readonly subscribed: Promise<void> } {
  const controller = new AbortController();
  onTestFinished(() => {
    controller.abort();
  });
  const events: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  void (async () => {
    for await (const event of client.events(["lifecycle"], controller.signal)) {
      if (event.kind === "subscribed") resolve();
      const kind = lifecycleOf(event, name);
      if (kind !== undefined) events.push(kind);
    }
  })();
  return { events, subscribed: promise };
}

function lifecycleOf(event: LibvirtEvent, name: string): number | undefined {
  if (event.kind !== "domain" || event.name !== "lifecycle") return undefined;
  const { dom, event: kind } = event.message.msg;
  return dom.name === name ? kind : undefined;
}

async function forget(client: LibvirtClient, name: string): Promise<void> {
  const { domains } = await client.call(
    "connectListAllDomains",
    { needResults: 1, flags: 0 },
    options,
  );
  for (const dom of domains.filter((each) => each.name === name)) {
    await client.call("domainDestroyFlags", { dom, flags: 0 }, options).catch(() => undefined);
    await client.call("domainUndefineFlags", { dom, flags: 0 }, options);
  }
}
