import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { LibvirtRuntime } from "../../src/libvirt/libvirt-runtime.ts";
import { ownershipElement } from "../../src/libvirt/domain-ownership.ts";
import { machineUuid } from "../../src/libvirt/machine-names.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { domainState, errorNumber, type Network } from "../../src/libvirt/rpc/index.ts";
import { element, renderXml } from "../../src/libvirt/xml.ts";
import { fake } from "./fake-hypervisor.ts";
import { type Answer, StubDaemon } from "./rpc/stub-daemon.ts";
import { aSeenDomain, aTarget, workloadId } from "./targets.ts";

const { signal } = new AbortController();
const lan = { name: "lan", uuid: "00112233-4455-8677-8899-00000000000a" };

const { connectGetAllDomainStats, connectListAllNetworks } = procedures;
const { connectListAllDomains, domainGetXmlDesc, domainIsPersistent } = procedures;

/** A machine of ours, as its definition says. */
function definition(): string {
  const { ownership } = aSeenDomain();
  const { id, uid } = aTarget();
  return renderXml(
    element("domain", { type: "test" }, [
      element("name", {}, id),
      element("uuid", {}, machineUuid({ id, uid }, ownership.nodeId)),
      element("metadata", {}, [ownershipElement(ownership)]),
    ]),
  );
}

describe("LibvirtRuntime", () => {
  let daemon: StubDaemon;
  let runtime: LibvirtRuntime;
  let networks: readonly Network[];
  /** So many machines there are, all with the same definition. */
  let machines: number;

  const answer: Answer = (frame, connection) => {
    switch (frame.procedure) {
      case connectListAllNetworks.number: {
        const ret = { nets: networks, ret: networks.length };
        connection.reply(frame, connectListAllNetworks.ret.encode(ret));
        return "done";
      }
      case connectGetAllDomainStats.number: {
        const { id, uid } = aTarget();
        const retStats = Array.from({ length: machines }, (_, at) => ({
          dom: {
            name: `vm-${at + 1}`,
            uuid:
              at === 0 ? machineUuid({ id, uid }, "node") : `${lan.uuid.slice(0, -2)}${at + 10}`,
            id: 5,
          },
          params: [{ field: "state.state", value: { type: 1, i: domainState.running } as const }],
        }));
        connection.reply(frame, connectGetAllDomainStats.ret.encode({ retStats }));
        return "done";
      }
      // None is started by libvirt.
      case connectListAllDomains.number:
        connection.reply(frame, connectListAllDomains.ret.encode({ domains: [], ret: 0 }));
        return "done";
      case domainGetXmlDesc.number:
        connection.reply(frame, domainGetXmlDesc.ret.encode({ xml: definition() }));
        return "done";
      case domainIsPersistent.number:
        connection.reply(frame, domainIsPersistent.ret.encode({ persistent: 1 }));
        return "done";
      case procedures.domainLookupByName.number:
        connection.refuse(frame, errorNumber.noDomain, "no such machine");
        return "done";
      default:
        return undefined;
    }
  };

  beforeEach(async () => {
    [networks, machines] = [[], 0];
    const root = await mkdtemp("/tmp/persys-lr-");
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    daemon = await StubDaemon.start(answer);
    const [socket = ""] = daemon.endpoint.socketPaths;
    const folders = { folder: join(root, "vm"), diskFolder: join(root, "disks") };
    const uri = `test+unix:///default?socket=${socket}`;
    runtime = new LibvirtRuntime({ nodeId: "node", uri, ...folders, hypervisor: fake });
    onTestFinished(() => runtime.close());
  });

  /** How often a procedure was called. */
  function calls({ number }: { readonly number: number }): number {
    return daemon.received.filter((frame) => frame.procedure === number).length;
  }

  it("gives no machine a bridge for a network that is gone since it was asked what it demands", async () => {
    const spec = { vcpus: 1, memoryMb: 64, networks: [{ network: "lan" }] };
    const target = aTarget({ spec });
    networks = [lan];
    expect((await runtime.demands(spec, signal, target)).bridges).toEqual([]);

    networks = [];

    for (const call of [
      () => runtime.prepare(target, signal, () => {}),
      () => runtime.start(target, signal),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "NETWORK_ERROR",
        retryable: true,
        effect: "none",
      });
    expect(calls(procedures.domainDefineXmlFlags)).toBe(0);
    // Asked anew, it is a bridge, for which somebody has to say whether the machine may have it.
    expect((await runtime.demands(spec, signal, target)).bridges).toEqual([
      { name: "lan", field: "networks[0].network" },
    ]);
  });

  it("looks at machines at most twice for all who ask at once, also while nobody follows events", async () => {
    machines = 20;

    const ids = Array.from({ length: 20 }, (_, at) => workloadId(`vm-${at + 1}`));
    const seen = await Promise.all(ids.map((id) => runtime.observe(id, signal)));

    expect(seen.map(({ kind }) => kind)).toEqual(["present", ...Array(19).fill("absent")]);
    expect(calls(connectGetAllDomainStats)).toBe(2);
    // Each definition, and what runs of the one that is ours.
    expect(calls(domainGetXmlDesc)).toBe(2 * (machines + 1));
  });

  it("looks once a second for all who follow consoles", async () => {
    machines = 1;
    const stop = new AbortController();
    const following = Array.from({ length: 10 }, async () => {
      const logs = runtime.logs(workloadId("vm-1"), { follow: true }, stop.signal);
      for await (const chunk of logs) expect(chunk.data).toEqual(Buffer.alloc(0));
    });
    const ended = Promise.allSettled(following);
    await expect.poll(() => calls(connectGetAllDomainStats)).toBeGreaterThan(0);
    const first = calls(connectGetAllDomainStats);
    expect(first).toBeLessThanOrEqual(2);

    await expect.poll(() => calls(connectGetAllDomainStats), { timeout: 5_000 }).toBe(first + 2);

    // Each of them has looked for its machine at least once by then.
    stop.abort();
    expect(new Set((await ended).map(({ status }) => status))).toEqual(new Set(["rejected"]));
  }, 15_000);
});
