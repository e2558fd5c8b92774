import {
  type AcceleratorChoice,
  acceleratorOf,
  type HostCapabilities,
  readHostCapabilities,
} from "./host-capabilities.ts";
import type { HostFacts } from "./hypervisor.ts";
import type { LibvirtConnection, Network } from "./rpc/index.ts";

/** A network of libvirt's own. */
export interface HostNetwork {
  readonly net: Network;
  readonly isActive: boolean;
}

/** What a host can do changes with its packages at most: it is asked again after this time, in milliseconds. */
const capabilitiesValidMs = 600_000;

/** `virConnectListAllNetworksFlags` of libvirt: the active ones alone. */
const activeNetworks = 2;

/** The host of the machines, as libvirt knows it. */
export class HypervisorHost {
  readonly #connection: Pick<LibvirtConnection, "call">;
  readonly #accelerator: AcceleratorChoice;
  readonly #known: HostFacts | undefined;
  #capabilities: { readonly value: HostCapabilities; readonly validUntilMs: number } | undefined;

  /** @param known what libvirt need not be asked */
  constructor(
    connection: Pick<LibvirtConnection, "call">,
    accelerator: AcceleratorChoice,
    known?: HostFacts,
  ) {
    this.#connection = connection;
    this.#accelerator = accelerator;
    this.#known = known;
  }

  /** What machines are made of. @throws {AgentError} where the accelerator that was demanded is not there */
  async facts(signal: AbortSignal): Promise<HostFacts> {
    if (this.#known !== undefined) return this.#known;
    const capabilities = await this.#capabilitiesNow(signal);
    return {
      architecture: capabilities.architecture,
      accelerator: acceleratorOf(this.#accelerator, capabilities),
    };
  }

  /** The networks of libvirt's own, by name. */
  async networks(signal: AbortSignal): Promise<ReadonlyMap<string, HostNetwork>> {
    const [all, active] = await Promise.all(
      [0, activeNetworks].map((flags) =>
        this.#connection.call("connectListAllNetworks", { needResults: 1, flags }, { signal }),
      ),
    );
    const isActive = new Set(active?.nets.map((it) => it.uuid));
    return new Map(
      all?.nets.map((net) => [net.name, { net, isActive: isActive.has(net.uuid) }] as const),
    );
  }

  /** All the memory of the host, in bytes. */
  async memoryBytes(signal: AbortSignal): Promise<number> {
    const { memory: kibibytes } = await this.#connection.call("nodeGetInfo", undefined, { signal });
    return Number(kibibytes) * 1_024;
  }

  /** The versions of the hypervisor and of libvirt, in words. */
  async version(signal: AbortSignal): Promise<string> {
    const [{ type }, { hvVer }, { libVer }] = await Promise.all([
      this.#connection.call("connectGetType", undefined, { signal }),
      this.#connection.call("connectGetVersion", undefined, { signal }),
      this.#connection.call("connectGetLibVersion", undefined, { signal }),
    ]);
    return `${type} ${versionText(hvVer)} (libvirt ${versionText(libVer)})`;
  }

  async #capabilitiesNow(signal: AbortSignal): Promise<HostCapabilities> {
    if (this.#capabilities !== undefined && performance.now() < this.#capabilities.validUntilMs)
      return this.#capabilities.value;
    const { capabilities } = await this.#connection.call("connectGetCapabilities", undefined, {
      signal,
    });
    const value = readHostCapabilities(capabilities);
    this.#capabilities = { value, validUntilMs: performance.now() + capabilitiesValidMs };
    return value;
  }
}

/** libvirt writes 9.1.2 as 9001002. */
function versionText(version: bigint): string {
  const number = Number(version);
  const parts = [
    Math.floor(number / 1_000_000),
    Math.floor(number / 1_000) % 1_000,
    number % 1_000,
  ];
  return parts.join(".");
}
