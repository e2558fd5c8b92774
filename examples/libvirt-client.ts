// Speaks to libvirt without anything native: shows the machines of a host by one call, then what happens to them until it is interrupted.
//
//   npm run example examples/libvirt-client.ts [URI]        the URI as for virsh; qemu:///system when left out
import {
  connectGetAllDomainStatsFlags,
  defaultLibvirtUri,
  domainStatsTypes,
  LibvirtClient,
  parametersOf,
  parseLibvirtUri,
} from "@persys/adapters/libvirt/rpc";

const uri = process.argv[2] ?? defaultLibvirtUri;
const endpoint = parseLibvirtUri(uri, process.env);
if (endpoint === undefined) throw new Error(`not a URI of libvirt over a unix socket: ${uri}`);
const client = new LibvirtClient(endpoint);
const interrupted = new AbortController();
process.once("SIGINT", () => {
  interrupted.abort();
});

// What happens from here on is told; so what is listed after it is up to date.
for await (const event of client.events(["lifecycle"], interrupted.signal)) {
  if (event.kind === "subscribed") {
    const { retStats } = await client.call(
      "connectGetAllDomainStats",
      {
        doms: [],
        stats: domainStatsTypes.state + domainStatsTypes.cpuTotal,
        flags: connectGetAllDomainStatsFlags.nowait,
      },
      { signal: interrupted.signal },
    );
    for (const { dom, params } of retStats) {
      const numbers = parametersOf(params);
      console.log(
        `${dom.name}: state ${numbers.get("state.state")}, ${numbers.get("cpu.time") ?? 0} ns`,
      );
    }
    console.log("listening");
  } else if (event.kind === "interrupted") {
    console.log(`libvirt does not answer: ${String(event.error)}`);
  } else if (event.kind === "domain" && event.name === "lifecycle") {
    const { dom, event: what } = event.message.msg;
    console.log(`${dom.name}: event ${what}`);
  }
}
await client.close();
