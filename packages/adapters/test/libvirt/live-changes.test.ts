import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import type { DomainSize } from "../../src/libvirt/domain-size.ts";
import { LiveChanges } from "../../src/libvirt/live-changes.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { domainState, LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { aSeenDomain } from "./targets.ts";

const { signal } = new AbortController();
const size: DomainSize = { vcpus: 2, vcpusMax: 4, memoryKib: 262_144, memoryMaxKib: 262_144 };

describe("LiveChanges", () => {
  /** How much memory each look finds; the last stays. */
  let given: number[];
  let asked: string[];
  let changes: LiveChanges;

  beforeEach(async () => {
    asked = [];
    const daemon = await StubDaemon.start((frame, connection) => {
      const { domainGetXmlDesc, domainSetMemoryFlags, domainSetVcpusFlags } = procedures;
      if (frame.procedure === domainSetVcpusFlags.number) asked.push("processors");
      if (frame.procedure === domainSetMemoryFlags.number) asked.push("memory");
      if (frame.procedure !== domainGetXmlDesc.number) return undefined;
      const [memoryKib = 0] = given.length > 1 ? given.splice(0, 1) : given;
      const xml = xmlOf({ ...size, memoryKib });
      connection.reply(frame, domainGetXmlDesc.ret.encode({ xml }));
      return "done";
    });
    const client = new LibvirtClient(daemon.endpoint);
    onTestFinished(() => client.close());
    changes = new LiveChanges(new DomainCalls(client), 300);
  });

  it("waits for as long as the guest gives memory back", async () => {
    const steps = Array.from({ length: 8 }, (_, step) => 262_144 - step * 4_096);
    given = steps.flatMap((kib) => [kib, kib]);

    const memoryKib = steps.at(-1) ?? 0;
    expect(await changes.apply(seen({ memoryKib, memoryMaxKib: memoryKib }), signal)).toBe(true);
    expect(asked).toEqual(["memory"]);
    expect(given).toHaveLength(1);
  });

  it("waits for none that takes memory and gives it back in turn", async () => {
    given = Array.from({ length: 1_000 }, (_, at) => 262_144 - (at % 2) * 4_096);
    const less = { memoryKib: 131_072, memoryMaxKib: 131_072 };

    expect(await changes.apply(seen(less), signal)).toBe(false);
    expect(given.length).toBeGreaterThan(500);
  });

  it("leaves memory to the guest after a while where a start would too, however it comes on", async () => {
    given = Array.from({ length: 1_000 }, (_, at) => 262_144 - at * 128);

    expect(await changes.apply(seen({ memoryKib: 131_072 }), signal)).toBe(true);
    expect(given.length).toBeGreaterThan(500);
  });

  it("knows that a start makes it where the guest gives nothing back, unless it would leave that to the guest too", async () => {
    given = [262_144];
    const less = { memoryKib: 131_072 };

    expect(await changes.apply(seen({ ...less, memoryMaxKib: 131_072 }), signal)).toBe(false);
    expect(await changes.apply(seen(less), signal)).toBe(true);
    expect(asked).toEqual(["memory", "memory"]);
  });

  it.each([
    ["has no room for that many processors", { vcpus: 5 }, domainState.running],
    ["has no room for that much memory", { memoryKib: 524_288 }, domainState.running],
    ["sleeps", {}, domainState.pmsuspended],
    ["is down", {}, domainState.shutoff],
  ] as const)("asks nothing of a machine that %s", async (...[, wanted, state]) => {
    given = [262_144];

    expect(await changes.apply({ ...seen(wanted), state }, signal)).toBe(false);
    expect(asked).toEqual([]);
  });
});

/** A machine that runs, and is defined with another size. */
function seen(wanted: Partial<DomainSize>): SeenDomain {
  const { definition, ...rest } = aSeenDomain();
  return {
    ...rest,
    definition: { ...definition, size: { ...size, ...wanted } },
    running: { ...definition, size },
  };
}

function xmlOf({ memoryKib, memoryMaxKib, vcpus, vcpusMax }: DomainSize): string {
  return `<domain><memory unit='KiB'>${memoryMaxKib}</memory><currentMemory unit='KiB'>${memoryKib}</currentMemory><vcpu current='${vcpus}'>${vcpusMax}</vcpu></domain>`;
}
