import { onTestFinished } from "vitest";
import { sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import type { Hypervisor } from "../../src/libvirt/hypervisor.ts";
import {
  domainUndefineFlags,
  LibvirtClient,
  parseLibvirtUri,
} from "../../src/libvirt/rpc/index.ts";
import { element, renderXml } from "../../src/libvirt/xml.ts";

/** The hypervisor in the daemon's memory as the runtime speaks to it: it knows neither boards nor what they are made of. */
export const fake: Hypervisor = {
  describe: ({ maxMemoryMb, maxVcpus, memoryMb, name, title, uuid, vcpus }) =>
    renderXml(
      element("domain", { type: "test" }, [
        element("name", {}, name),
        element("uuid", {}, uuid),
        title === undefined ? undefined : element("title", {}, title),
        element("memory", { unit: "MiB" }, String(maxMemoryMb)),
        element("currentMemory", { unit: "MiB" }, String(memoryMb)),
        element("vcpu", { current: vcpus }, String(maxVcpus ?? vcpus)),
        element("os", {}, [element("type", {}, "hvm")]),
      ]),
    ),
  flags: {
    shutdown: 0,
    startAnew: 0,
    undefine: domainUndefineFlags.managedSave + domainUndefineFlags.snapshotsMetadata,
  },
  facts: { architecture: "x86_64", accelerator: "tcg" },
};

/** A client of a hypervisor of the shared daemon. */
export function clientOf(name: string): LibvirtClient {
  const uri = sharedLibvirtUri().replace("qemu+unix:///system", name.replace(":", "+unix:"));
  const endpoint = parseLibvirtUri(uri, {});
  if (endpoint === undefined) throw new Error(`no URI of libvirt: ${uri}`);
  return new LibvirtClient(endpoint);
}

/** The hypervisor in the daemon's memory. It forgets all once nobody is connected, so that names have to be the test's own. */
export function fakeHypervisor(): LibvirtClient {
  const client = clientOf("test:///default");
  onTestFinished(() => client.close());
  return client;
}
