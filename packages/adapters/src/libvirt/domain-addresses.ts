import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { WorkloadId } from "@persys/core";
import type { HypervisorHost } from "./hypervisor-host.ts";
import { isDown, type SeenDomain } from "./seen-domain.ts";
import {
  type Domain,
  domainInterfaceAddressesSource,
  type LibvirtConnection,
  LibvirtError,
  type RetOf,
} from "./rpc/index.ts";

/** What addresses are found with. */
export interface DomainAddressesContext {
  readonly connection: Pick<LibvirtConnection, "call">;
  readonly host: HypervisorHost;
  /** The kernel's table of neighbours. Default `/proc/net/arp`. */
  readonly neighboursFile?: string;
}

type Domains = ReadonlyMap<WorkloadId, SeenDomain>;
type AddressesByMac = ReadonlyMap<string, readonly string[]>;

/** What the agent in a guest has told, for one run. */
interface Told {
  readonly domainId: number;
  readonly byMac: AddressesByMac;
}

const nobody: AddressesByMac = new Map();

/** How long an agent in a guest may take to answer, in milliseconds: libvirt waits for ever for one that says nothing. */
const agentTimeoutMs = 5_000;

/** Asks of agents under way, those included that were given up on: libvirt keeps a place for each, and others have to find one as well. */
const asksAtOnce = 8;

/** What a guest says of itself is shown to others: so much of it. More addresses than one card mostly has, and than a machine is reached at. */
const addressesMax = { card: 16, machine: 64 } as const;

/**
 * The addresses of guests, from those who know them of all at once: libvirt's networks of the leases they have given, one call for each network,
 * and the kernel of its neighbours. The agent in a guest, where there is one, is asked when it appears.
 */
export class DomainAddresses {
  readonly #context: DomainAddressesContext;
  #leases: AddressesByMac = nobody;
  #neighbours: AddressesByMac = nobody;
  readonly #told = new Map<string, Told>();
  readonly #asking = new Set<string>();
  #failure = "";

  constructor(context: DomainAddressesContext) {
    this.#context = context;
  }

  /** The addresses of a machine that is up, as they were last found: by lease, by the guest itself, by the kernel. */
  addressesOf(domain: SeenDomain): readonly string[] {
    if (isDown(domain)) return [];
    const told = this.#told.get(domain.uuid);
    const byGuest = told?.domainId === domain.domainId ? told.byMac : nobody;
    const sources = [this.#leases, byGuest, this.#neighbours];
    const found = domain.definition.interfaces.flatMap(({ mac }) =>
      sources.flatMap((source) => source.get(mac) ?? []),
    );
    return [...new Set(found)].slice(0, addressesMax.machine);
  }

  /** Why leases could not be read the last time, in libvirt's words; empty where they could. */
  get failure(): string {
    return this.#failure;
  }

  /** Finds the addresses of machines anew. What libvirt refuses to tell leaves them without. @throws {LibvirtConnectionError} the signal's reason */
  async refresh(domains: Domains, signal: AbortSignal): Promise<void> {
    const up = [...domains.values()].filter((it) => !isDown(it));
    const interfaces = up.flatMap((it) => it.definition.interfaces);
    const names = new Set(
      interfaces.flatMap(({ network = "" }) => (network === "" ? [] : [network])),
    );
    const [leases, neighbours] = await Promise.all([
      this.#leasesNow(names, signal),
      interfaces.length === 0 ? nobody : this.#neighboursNow(),
    ]);
    this.#leases = leases;
    this.#neighbours = neighbours;
    const uuids = new Set(up.map((it) => it.uuid));
    for (const uuid of this.#told.keys()) if (!uuids.has(uuid)) this.#told.delete(uuid);
  }

  /**
   * Asks the agent in a guest. One that does not answer in time has told nothing, and is not asked again before it has.
   * @returns whether it has told anything. @throws {LibvirtConnectionError} the signal's reason
   */
  async ask(dom: Domain, signal: AbortSignal): Promise<boolean> {
    const { uuid, id: domainId } = dom;
    if (this.#asking.has(uuid) || this.#asking.size >= asksAtOnce) return false;
    this.#asking.add(uuid);
    let isLate = false;
    try {
      const ifaces = await this.#interfacesOf(dom, signal, (answered) => {
        isLate = true;
        void answered.finally(() => this.#asking.delete(uuid));
      });
      const pairs = ifaces.flatMap(({ hwaddr, addrs }) =>
        addrs.map(({ addr }) => [hwaddr ?? "", addr] as const),
      );
      const byMac = grouped(pairs);
      this.#told.set(uuid, { domainId, byMac });
      return byMac.size > 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LibvirtError) && !isTimeout(error)) throw error;
      return false;
    } finally {
      if (!isLate) this.#asking.delete(uuid);
    }
  }

  /** @param onLate gets what settles once an ask that was given up on has been answered */
  async #interfacesOf(
    dom: Domain,
    signal: AbortSignal,
    onLate: (answered: Promise<unknown>) => void,
  ): Promise<RetOf<"domainInterfaceAddresses">["ifaces"]> {
    const args = { dom, source: domainInterfaceAddressesSource.agent, flags: 0 };
    const { ifaces } = await this.#context.connection.call("domainInterfaceAddresses", args, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(agentTimeoutMs)]),
      onLate: (answer) => {
        onLate(Promise.allSettled([answer]));
      },
    });
    return ifaces;
  }

  async #leasesNow(names: ReadonlySet<string>, signal: AbortSignal): Promise<AddressesByMac> {
    this.#failure = "";
    try {
      return await this.#leasesOf(names, signal);
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      this.#failure = error.message;
      return nobody;
    }
  }

  async #leasesOf(names: ReadonlySet<string>, signal: AbortSignal): Promise<AddressesByMac> {
    if (names.size === 0) return nobody;
    const networks = await this.#context.host.networks(signal);
    const active = [...names].flatMap((name) => {
      const network = networks.get(name);
      return network?.isActive === true ? [network.net] : [];
    });
    const answers = await Promise.all(
      active.map((net) =>
        this.#context.connection.call(
          "networkGetDhcpLeases",
          { net, mac: null, needResults: 1, flags: 0 },
          { signal },
        ),
      ),
    );
    const leases = answers.flatMap((it) => it.leases);
    // The one that lasts longest is the one that was given last.
    const newestFirst = leases.toSorted((a, b) => Number(b.expirytime - a.expirytime));
    return grouped(newestFirst.map(({ mac, ipaddr }) => [mac ?? "", ipaddr]));
  }

  async #neighboursNow(): Promise<AddressesByMac> {
    return parseNeighbours(await this.#readNeighbours());
  }

  /** Not each kernel shows its neighbours. */
  async #readNeighbours(): Promise<string> {
    try {
      return await readFile(this.#context.neighboursFile ?? "/proc/net/arp", "utf8");
    } catch {
      return "";
    }
  }
}

/** `ATF_COM`: the kernel has heard from it. */
const isComplete = 0x2;

/** The neighbours in a table as `/proc/net/arp` has it (proc(5)): address, kind, flags, hardware address, mask, device. */
function parseNeighbours(table: string): AddressesByMac {
  const rows = table.split("\n").slice(1);
  return grouped(
    rows.flatMap((row) => {
      const [address = "", , flags = "", mac = ""] = row.split(/\s+/);
      const isThere = (Number(flags) & isComplete) !== 0 && mac !== "";
      return isThere ? [[mac, address] as const] : [];
    }),
  );
}

function grouped(pairs: readonly (readonly [mac: string, address: string])[]): AddressesByMac {
  const all = new Map<string, string[]>();
  for (const [mac, address] of pairs) {
    if (isIP(address) === 0 || !isReachable(address)) continue;
    const key = mac.toLowerCase();
    const known = all.get(key) ?? [];
    all.set(key, known);
    if (known.length < addressesMax.card && !known.includes(address)) known.push(address);
  }
  return all;
}

/** Addresses that lead nowhere from outside of their own link or machine are of no use to anybody. */
function isReachable(address: string): boolean {
  return !/^(?:127\.|169\.254\.|::1$|fe80:)/i.test(address);
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
