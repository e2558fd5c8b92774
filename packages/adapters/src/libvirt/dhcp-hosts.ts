import { AgentError, type WorkloadId } from "@persys/core";
import type { DomainCalls } from "./domain-calls.ts";
import type { HypervisorHost } from "./hypervisor-host.ts";
import {
  type Network,
  networkUpdateCommand,
  networkUpdateFlags,
  networkUpdateSection,
} from "./rpc/index.ts";
import { childOf, element, parseXml, renderXml, type XmlElement } from "./xml.ts";

/** An address of a network of libvirt's own that is set aside for an interface of a machine. */
export interface Reservation {
  readonly network: string;
  readonly mac: string;
  readonly address: string;
}

/** What reservations are made with. */
export interface DhcpHostsContext {
  readonly calls: DomainCalls;
  readonly host: HypervisorHost;
}

/** `VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER`: older daemons than 7.2 take command and section the other way round. */
const takesCorrectOrder = 15;

/** An entry of a network's DHCP, as its description has it. */
interface Entry {
  readonly mac: string;
  readonly name: string;
  readonly address: string;
}

/**
 * Sets static addresses of machines aside on libvirt's own networks, so that DHCP gives them to nobody else. What we make bears a name that says so:
 * entries of others are never touched.
 */
export class DhcpHosts {
  readonly #calls: DomainCalls;
  readonly #host: HypervisorHost;

  constructor({ calls, host }: DhcpHostsContext) {
    this.#calls = calls;
    this.#host = host;
  }

  /**
   * Sets an address aside, in the place of another of the same interface. Where the network has no DHCP there is nothing to do.
   * @throws {AgentError} NETWORK_ERROR, effect `none`, where it is set aside for somebody else
   */
  async reserve(id: WorkloadId, wanted: Reservation, signal: AbortSignal): Promise<void> {
    const net = await this.#find(wanted.network, signal);
    const entries = net && (await this.#entriesOf(id, net, signal));
    if (net === undefined || entries === undefined) return;
    const own = entries.find((it) => it.mac === wanted.mac);
    if (own?.address === wanted.address) return;
    const other = entries.find((it) => it.address === wanted.address) ?? own;
    if (other !== undefined && !isOurs(other, wanted.mac)) throw taken(wanted, other);
    const { addFirst, delete: remove } = networkUpdateCommand;
    if (own !== undefined) await this.#update(id, { net, command: remove, entry: own }, signal);
    const entry = { mac: wanted.mac, name: nameOf(wanted.mac), address: wanted.address };
    await this.#update(id, { net, command: addFirst, entry }, signal);
  }

  /** Gives up what we have set aside for an interface. What is not there already is fine. */
  async release(
    id: WorkloadId,
    { network, mac }: Pick<Reservation, "network" | "mac">,
    signal: AbortSignal,
  ): Promise<void> {
    const net = await this.#find(network, signal);
    const entries = net && (await this.#entriesOf(id, net, signal));
    const own = entries?.find((it) => isOurs(it, mac));
    if (net === undefined || own === undefined) return;
    const command = networkUpdateCommand.delete;
    await this.#update(id, { net, command, entry: own }, signal);
  }

  async #find(name: string, signal: AbortSignal): Promise<Network | undefined> {
    return (await this.#host.networks(signal)).get(name)?.net;
  }

  /** Undefined: the network has no DHCP. */
  async #entriesOf(
    id: WorkloadId,
    net: Network,
    signal: AbortSignal,
  ): Promise<readonly Entry[] | undefined> {
    const args = { net, flags: 0 };
    const { xml } = await this.#calls.call(id, "networkGetXmlDesc", { args, signal });
    const addresses = parseXml(xml)?.children.filter((it) => it.name === "ip") ?? [];
    const dhcp = addresses.flatMap((it) => childOf(it, "dhcp") ?? []);
    if (dhcp.length === 0) return undefined;
    return dhcp.flatMap((it) => it.children.filter((one) => one.name === "host")).map(entryIn);
  }

  async #update(
    id: WorkloadId,
    { net, command, entry }: { net: Network; command: number; entry: Entry },
    signal: AbortSignal,
  ): Promise<void> {
    const { mac, name, address: ip } = entry;
    const section = networkUpdateSection.ipDhcpHost;
    const { supported } = await this.#calls.call(id, "connectSupportsFeature", {
      args: { feature: takesCorrectOrder },
      signal,
    });
    const inOrder = supported === 1 ? { command, section } : { command: section, section: command };
    const networks = await this.#host.networks(signal);
    const { affectConfig, affectLive } = networkUpdateFlags;
    const isActive = networks.get(net.name)?.isActive === true;
    const args = {
      net,
      ...inOrder,
      // That of the address that it is in the range of.
      parentIndex: -1,
      xml: renderXml(element("host", { mac, name, ip })),
      flags: affectConfig + (isActive ? affectLive : 0),
    };
    await this.#calls.call(id, "networkUpdate", { args, signal });
  }
}

/** What an entry of ours is named by, unlike any other: the hardware address is in it. */
function nameOf(mac: string): string {
  return `persys-${mac.replaceAll(":", "")}`;
}

function isOurs({ mac, name }: Entry, ofMac: string): boolean {
  return mac === ofMac && name === nameOf(ofMac);
}

function entryIn({ attributes }: XmlElement): Entry {
  return {
    mac: (attributes.get("mac") ?? "").toLowerCase(),
    name: attributes.get("name") ?? "",
    address: attributes.get("ip") ?? "",
  };
}

function taken({ address, network }: Reservation, other: Entry): AgentError {
  const holder = other.name === "" ? other.mac : other.name;
  return new AgentError(
    "NETWORK_ERROR",
    `the address ${address} cannot be set aside on the network ${network}: an entry of its DHCP is in the way, that of ${holder}`,
    { retryable: true, effect: "none" },
  );
}
