import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { AddressWatch } from "../../src/libvirt/address-watch.ts";
import { DomainAddresses } from "../../src/libvirt/domain-addresses.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { HypervisorHost } from "../../src/libvirt/hypervisor-host.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { domainState, LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { silentLogger } from "@persys/core";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { aSeenDomain } from "./targets.ts";

const { signal } = new AbortController();
const lan = { name: "lan", uuid: "00112233-4455-8677-8899-00000000000a" };
const mac = "52:54:00:00:00:01";

function machine(changes: Partial<SeenDomain> = {}): SeenDomain {
  return aSeenDomain({ definition: onNetwork("lan"), ...changes });
}

function onNetwork(network: string | undefined): SeenDomain["definition"] {
  return { ...aSeenDomain().definition, interfaces: [{ mac, network }] };
}

describe("DomainAddresses", () => {
  let leases: readonly (readonly [mac: string, address: string, expirytime: bigint])[];
  let asked: number;
  /** What the agents in guests say, for each of their interfaces; undefined: nothing, ever. */
  let said: readonly (readonly string[])[] | undefined;
  let guestsAsked: number;
  let fails: boolean;
  let neighboursFile: string;
  let client: LibvirtClient;
  let addresses: DomainAddresses;

  beforeEach(async () => {
    [leases, asked, fails] = [[], 0, false];
    [said, guestsAsked] = [[["10.0.0.9", "fe80::1"]], 0];
    const folder = await mkdtemp("/tmp/persys-da-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    neighboursFile = join(folder, "arp");
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure === procedures.connectListAllNetworks.number) {
        const { ret } = procedures.connectListAllNetworks;
        connection.reply(frame, ret.encode({ nets: [lan], ret: 1 }));
        return "done";
      }
      if (frame.procedure === procedures.domainInterfaceAddresses.number) {
        guestsAsked += 1;
        if (said === undefined) return "done";
        const { ret } = procedures.domainInterfaceAddresses;
        const ifaces = said.map((words, at) => ({
          name: `eth${at}`,
          hwaddr: mac.toUpperCase(),
          addrs: words.map((addr) => ({ type: 0, addr, prefix: 24 })),
        }));
        connection.reply(frame, ret.encode({ ifaces }));
        return "done";
      }
      if (frame.procedure !== procedures.networkGetDhcpLeases.number) return undefined;
      asked += 1;
      if (fails) {
        connection.refuse(frame, 1, "dnsmasq has gone");
        return "done";
      }
      const told = leases.map(([hardware, ipaddr, expirytime]) => ({
        iface: "virbr0",
        expirytime,
        type: 0,
        mac: hardware,
        iaid: null,
        ipaddr,
        prefix: 24,
        hostname: null,
        clientid: null,
      }));
      const { ret } = procedures.networkGetDhcpLeases;
      connection.reply(frame, ret.encode({ leases: told, ret: told.length }));
      return "done";
    });
    client = new LibvirtClient(daemon.endpoint);
    onTestFinished(() => client.close());
    const host = new HypervisorHost(client, "auto");
    addresses = new DomainAddresses({ connection: client, host, neighboursFile });
  });

  async function found(...machines: readonly SeenDomain[]): Promise<readonly string[]> {
    await addresses.refresh(new Map(machines.map((one) => [one.ownership.id, one])), signal);
    return addresses.addressesOf(machines[0] ?? machine());
  }

  it("tells the lease that was given last first, and asks each network once for all machines", async () => {
    leases = [
      [mac.toUpperCase(), "192.168.122.4", 5n],
      [mac, "192.168.122.9", 9n],
      ["52:54:00:00:00:02", "192.168.122.5", 9n],
    ];

    expect(await found(machine(), machine(), machine())).toEqual([
      "192.168.122.9",
      "192.168.122.4",
    ]);
    expect(asked).toBe(1);
  });

  it("asks nobody where no machine is up", async () => {
    expect(await found(machine({ state: domainState.shutoff, domainId: -1 }))).toEqual([]);
    expect(asked).toBe(0);
  });

  it("finds a machine on a bridge among the neighbours of the host, if that has heard from it", async () => {
    await writeFile(
      neighboursFile,
      [
        "IP address       HW type     Flags       HW address            Mask     Device",
        `192.168.1.7      0x1         0x2         ${mac}     *        br0`,
        "192.168.1.8      0x1         0x0         52:54:00:00:00:01     *        br0",
        "",
      ].join("\n"),
    );

    expect(await found(machine({ definition: onNetwork(undefined) }))).toEqual(["192.168.1.7"]);
    expect(asked).toBe(0);
  });

  it("takes what the agent in a guest says for this run alone, without what leads nowhere", async () => {
    await addresses.ask({ name: "vm-1", uuid: machine().uuid, id: 5 }, signal);

    expect(await found(machine())).toEqual(["10.0.0.9"]);
    expect(await found(machine({ domainId: 6 }))).toEqual([]);
  });

  it("believes of a guest addresses alone, of all its interfaces, and not too many", async () => {
    const many = Array.from({ length: 100 }, (_, at) => `10.1.0.${at}`);
    said = [["\u001b[2J", "10.0.0.9", "not an address"], [], ["10.0.0.8"], many];

    expect(await addresses.ask({ name: "vm-1", uuid: machine().uuid, id: 5 }, signal)).toBe(true);

    const all = await found(machine());
    expect(all.slice(0, 3)).toEqual(["10.0.0.9", "10.0.0.8", "10.1.0.0"]);
    expect(all).toHaveLength(16);
  });

  it("asks no guest again that has not answered yet, and few at once", async () => {
    said = undefined;
    const { uuid } = machine();
    const controller = new AbortController();
    const asks = Array.from({ length: 20 }, (_, at) => {
      const other = `${uuid.slice(0, -2)}${String(at + 10)}`;
      const dom = { name: "vm", uuid: at % 2 === 0 ? uuid : other, id: 5 };
      return addresses.ask(dom, controller.signal).catch(() => "called off");
    });
    await expect.poll(() => guestsAsked).toBeGreaterThan(0);

    controller.abort();
    const outcomes = await Promise.all(asks);

    expect(outcomes.filter((outcome) => outcome === "called off")).toHaveLength(8);
    expect(await addresses.ask({ name: "vm", uuid, id: 5 }, signal)).toBe(false);
  });

  it("finds none where libvirt refuses, and says why", async () => {
    fails = true;

    expect(await found(machine())).toEqual([]);
    expect(addresses.failure).toContain("dnsmasq has gone");
    fails = false;
    await found(machine());
    expect(addresses.failure).toBe("");
  });

  it("is out of reach with libvirt", async () => {
    await client.close();

    await expect(found(machine())).rejects.toMatchObject({ fault: "closed" });
  });

  it("is watched for changes only as long as somebody wants to know", async () => {
    const domains = new OwnedDomains(client, "node");
    const watch = new AddressWatch({ addresses, domains, logger: silentLogger });
    expect(watch.isWatching).toBe(false);
    const unwatch = [watch.watch(() => {}), watch.watch(() => {})];

    unwatch[0]?.();
    expect(watch.isWatching).toBe(true);
    unwatch[1]?.();

    expect(watch.isWatching).toBe(false);
  });
});
