import type { LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import {
  type Domain,
  domainState,
  domainXmlFlags,
  LibvirtError,
} from "../../src/libvirt/rpc/index.ts";

const { signal } = new AbortController();

/** Somebody who knows nothing of the agent, at a hypervisor: does by calls what people do with `virsh`. */
export class DomainOutsider {
  readonly #client: LibvirtClient;

  constructor(client: LibvirtClient) {
    this.#client = client;
  }

  /** The machines whose names begin with `prefix`. */
  async names(prefix: string): Promise<readonly string[]> {
    const args = { needResults: 1, flags: 0 };
    const { domains } = await this.#client.call("connectListAllDomains", args, { signal });
    return domains.map((it) => it.name).filter((it) => it.startsWith(prefix));
  }

  async define(xml: string): Promise<Domain> {
    return (await this.#client.call("domainDefineXmlFlags", { xml, flags: 0 }, { signal })).dom;
  }

  async start(name: string): Promise<void> {
    const args = { dom: await this.dom(name), flags: 0 };
    await this.#client.call("domainCreateWithFlags", args, { signal });
  }

  async pause(name: string): Promise<void> {
    await this.#client.call("domainSuspend", { dom: await this.dom(name) }, { signal });
  }

  /** As `virsh destroy`. */
  async kill(name: string): Promise<void> {
    const args = { dom: await this.dom(name), flags: 0 };
    await this.#client.call("domainDestroyFlags", args, { signal });
  }

  async undefine(name: string): Promise<void> {
    const args = { dom: await this.dom(name), flags: 0 };
    await this.#client.call("domainUndefineFlags", args, { signal });
  }

  /** Ends and removes a machine, running or not, or none. */
  async remove(name: string): Promise<void> {
    for (const act of [() => this.kill(name), () => this.undefine(name)])
      await act().catch((error: unknown) => {
        if (!(error instanceof LibvirtError)) throw error;
      });
  }

  /** Gives the definition of a machine another maximum of memory, as `virsh edit` does. */
  async edit(name: string): Promise<void> {
    const xml = (await this.xml(name)).replace(
      /<(memory|currentMemory) unit='KiB'>\d+</g,
      "<$1 unit='KiB'>40960<",
    );
    await this.define(xml);
  }

  /** The definition of a machine. */
  async xml(name: string): Promise<string> {
    const args = { dom: await this.dom(name), flags: domainXmlFlags.inactive };
    return (await this.#client.call("domainGetXmlDesc", args, { signal })).xml;
  }

  async isRunning(name: string): Promise<boolean> {
    const args = { dom: await this.dom(name), flags: 0 };
    const { state } = await this.#client.call("domainGetState", args, { signal });
    return state === domainState.running;
  }

  async dom(name: string): Promise<Domain> {
    return (await this.#client.call("domainLookupByName", { name }, { signal })).dom;
  }
}
