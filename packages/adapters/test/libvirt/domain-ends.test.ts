import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { DomainEnds } from "../../src/libvirt/domain-ends.ts";
import { graceOf } from "../../src/libvirt/domain-holding.ts";
import { qemu } from "../../src/libvirt/hypervisor.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { domainPausedReason, domainState, LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { aSeenDomain } from "./targets.ts";

const { signal } = new AbortController();
const failing = { state: domainState.paused, reason: domainPausedReason.ioerror };
const suspended = { state: domainState.paused, reason: domainPausedReason.user };

describe("DomainEnds", () => {
  /** What the guest, which hears no button, is found to do once its grace is over. */
  let after: { readonly state: number; readonly reason: number };
  let isForced: boolean;
  let ends: DomainEnds;

  beforeEach(async () => {
    [after, isForced] = [failing, false];
    const { domainDestroyFlags, domainGetState, domainIsActive } = procedures;
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure === domainDestroyFlags.number) isForced = true;
      const answer = new Map([
        [domainIsActive.number, () => domainIsActive.ret.encode({ active: 1 })],
        [domainGetState.number, () => domainGetState.ret.encode(after)],
      ]).get(frame.procedure);
      if (answer === undefined) return undefined;
      connection.reply(frame, answer());
      return "done";
    });
    const client = new LibvirtClient(daemon.endpoint);
    onTestFinished(() => client.close());
    ends = new DomainEnds(new DomainCalls(client), qemu.flags);
  });

  it("forces none that a failing disk has paused while it was to shut down", async () => {
    const end = ends.end(aSeenDomain(), { graceMs: 50 }, signal);

    await expect(end).rejects.toMatchObject({ code: "STORAGE_ERROR", retryable: true });
    expect(isForced).toBe(false);
  });

  it.each([
    ["that is paused so where its end was asked for", failing, true],
    ["that somebody has paused", suspended, false],
    ["that does not hear", { state: domainState.running, reason: 1 }, false],
  ])("forces a machine %s", async (_, state, losesWrites) => {
    after = state;

    await ends.end(aSeenDomain(), { graceMs: 50, losesWrites }, signal);

    expect(isForced).toBe(true);
  });

  it("gives a machine of an older agent, which wrote no grace down, that of a spec which says nothing", () => {
    const seen = aSeenDomain();
    const current = seen.ownership.current && { ...seen.ownership.current, graceMs: undefined };

    expect(graceOf(seen)).toBe(1_000);
    expect(graceOf({ ...seen, ownership: { ...seen.ownership, current } })).toBe(60_000);
  });
});
