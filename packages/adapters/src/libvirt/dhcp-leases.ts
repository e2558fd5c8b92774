import { isIP } from "node:net";
import type { Logger, WorkloadId } from "@persys/core";
import { execa, ExecaError } from "execa";
import type { DhcpHostsContext } from "./dhcp-hosts.ts";
import { LibvirtError, type NetworkDhcpLease } from "./rpc/index.ts";
import type { OnNetwork } from "./vm-folders.ts";

/** What leases are ended with. */
export interface DhcpLeasesContext extends DhcpHostsContext {
  readonly logger: Logger;
  /** The program that tells dnsmasq that a lease has ended. Default `dhcp_release`, of Debian's package dnsmasq-utils. */
  readonly program?: string;
}

/** It sends one datagram, in milliseconds. */
const releaseTimeoutMs = 5_000;

/**
 * Ends leases that networks of libvirt's own have given: libvirt has no call for it. Its dnsmasq is told as a guest would tell it, on the network's
 * bridge. A lease that cannot be ended runs out by itself.
 */
export class DhcpLeases {
  readonly #context: DhcpLeasesContext;

  constructor(context: DhcpLeasesContext) {
    this.#context = context;
  }

  /**
   * Ends the leases of version 4 that interfaces hold, whose machine has gone. What goes wrong is logged, and the lease left.
   * @throws {LibvirtConnectionError} the signal's reason
   */
  async release(
    id: WorkloadId,
    interfaces: readonly OnNetwork[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const it of interfaces)
      try {
        await this.#releaseOf(id, it, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof LibvirtError || error instanceof ExecaError)) throw error;
        this.#say(id, it, error);
      }
  }

  async #releaseOf(
    id: WorkloadId,
    { network, mac }: OnNetwork,
    signal: AbortSignal,
  ): Promise<void> {
    const { calls, host, program = "dhcp_release" } = this.#context;
    const found = (await host.networks(signal)).get(network);
    if (found?.isActive !== true) return;
    const { net } = found;
    const asked = { args: { net, mac, needResults: 1, flags: 0 }, signal };
    const { leases } = await calls.call(id, "networkGetDhcpLeases", asked);
    const held = leases.filter((it) => isIP(it.ipaddr) === 4);
    if (held.length === 0) return;
    const { name: bridge } = await calls.call(id, "networkGetBridgeName", {
      args: { net },
      signal,
    });
    for (const lease of held) {
      signal.throwIfAborted();
      await execa(program, [bridge, ...wordsOf(lease, mac)], {
        cancelSignal: signal,
        timeout: releaseTimeoutMs,
        stdin: "ignore",
        stdout: "ignore",
      });
    }
  }

  #say(id: WorkloadId, { network, mac }: OnNetwork, error: LibvirtError | ExecaError): void {
    const isMissing = error instanceof ExecaError && error.code === "ENOENT";
    const why = isMissing ? ": dhcp_release is not installed (Debian: dnsmasq-utils)" : "";
    const fields = { id, network, mac, error };
    this.#context.logger.info(`a lease stays until it runs out${why}`, fields);
  }
}

/** dnsmasq knows a lease by what the guest named itself with, and by its hardware where it did not. */
function wordsOf({ ipaddr, clientid }: NetworkDhcpLease, mac: string): readonly string[] {
  const isNamed = clientid !== null && clientid !== "" && clientid !== "*";
  return [ipaddr, mac, ...(isNamed ? [clientid] : [])];
}
