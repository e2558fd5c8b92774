import { onTestFinished } from "vitest";
import { sharedLibvirtUri } from "../../../../test/libvirt/libvirt-host.ts";
import { LibvirtClient, parseLibvirtUri } from "../../src/libvirt/rpc/index.ts";

/** The hypervisor in the daemon's memory. It forgets all once nobody is connected, so that names have to be the test's own. */
export function fakeHypervisor(): LibvirtClient {
  const uri = sharedLibvirtUri().replace("qemu+unix:///system", "test+unix:///default");
  const endpoint = parseLibvirtUri(uri, {});
  if (endpoint === undefined) throw new Error(`no URI of libvirt: ${uri}`);
  const client = new LibvirtClient(endpoint);
  onTestFinished(() => client.close());
  return client;
}
