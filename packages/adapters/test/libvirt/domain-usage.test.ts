import { beforeEach, describe, expect, it } from "vitest";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { marksFor } from "../../src/libvirt/domain-ownership.ts";
import { DomainUsage } from "../../src/libvirt/domain-usage.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { aSeenDomain, aTarget, workloadId } from "./targets.ts";

const { signal } = new AbortController();
const { number, args: argsSchema, ret } = procedures.connectGetAllDomainStats;

function seen(name: string, domainId = 1): SeenDomain {
  const id = workloadId(name);
  const current = marksFor(aTarget({ id }), name);
  const uuid = `00112233-4455-8677-8899-${name.padStart(12, "0")}`;
  const ownership = { id, nodeId: "node", current, kept: undefined, former: undefined };
  return aSeenDomain({ ownership, name, uuid, domainId });
}

describe("DomainUsage", () => {
  /** What the daemon says of each machine, by name. */
  let said: Map<string, Readonly<Record<string, bigint>>>;
  let calls: number;
  let usage: DomainUsage;

  beforeEach(async () => {
    said = new Map();
    calls = 0;
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== number) return undefined;
      calls += 1;
      const { doms } = argsSchema.decode(frame.payload);
      const retStats = doms.flatMap((dom) => {
        const numbers = said.get(dom.name);
        const params = Object.entries(numbers ?? {}).map(([field, ul]) => ({
          field,
          value: { type: 4, ul } as const,
        }));
        return numbers === undefined ? [] : [{ dom, params }];
      });
      connection.reply(frame, ret.encode({ retStats }));
      return "done";
    });
    usage = new DomainUsage(new LibvirtClient(daemon.endpoint));
  });

  it("adds up the devices of each machine, measured by one call", async () => {
    said.set("1", {
      "cpu.time": 5_000_000_000n,
      "balloon.rss": 2_048n,
      "balloon.current": 65_536n,
      "net.count": 2n,
      "net.0.rx.bytes": 1n,
      "net.1.rx.bytes": 2n,
      "net.1.tx.bytes": 7n,
      "block.count": 1n,
      "block.0.rd.bytes": 3n,
      "block.0.wr.bytes": 4n,
    });
    said.set("2", { "cpu.time": 1n, "balloon.current": 4n });

    const all = await usage.measure(
      new Map([seen("1"), seen("2")].map((one) => [one.ownership.id, one])),
      signal,
    );

    expect(calls).toBe(1);
    expect(all.get(workloadId("1"))).toMatchObject({
      cpuPercent: 0,
      memoryBytes: 2_048 * 1_024,
      diskReadBytes: 3,
      diskWriteBytes: 4,
      netRxBytes: 3,
      netTxBytes: 7,
      source: "libvirt",
    });
    expect(all.get(workloadId("2"))).toMatchObject({ memoryBytes: 4_096, netRxBytes: 0 });
  });

  it("leaves out what has ended, and what cannot be measured", async () => {
    said.set("1", { "balloon.rss": 1n });

    const wanted = [seen("1"), seen("2")].map((one) => [one.ownership.id, one] as const);

    expect(await usage.measure(new Map(wanted), signal)).toEqual(new Map());
  });

  it("tells the processor's share since the measurement before, of the same run alone", async () => {
    const one = seen("1");
    const share = async (cpuNs: bigint, machine: SeenDomain): Promise<number | undefined> => {
      said.set("1", { "cpu.time": cpuNs });
      const all = await usage.measure(new Map([[one.ownership.id, machine]]), signal);
      return all.get(one.ownership.id)?.cpuPercent;
    };
    expect(await share(1_000_000_000n, one)).toBe(0);
    const atMs = Date.now();
    await expect.poll(() => Date.now() - atMs).toBeGreaterThan(5);

    expect(await share(60_000_000_000n, one)).toBeGreaterThan(0);
    expect(await share(90_000_000_000n, seen("1", 2))).toBe(0);
    usage.forget(() => false);
    expect(await share(99_000_000_000n, seen("1", 2))).toBe(0);
  });

  it("asks nothing where nothing runs", async () => {
    expect((await usage.measure(new Map(), signal)).size).toBe(0);
    expect(calls).toBe(0);
  });
});
