import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DomainCalls } from "../../src/libvirt/domain-calls.ts";
import { DomainEnds } from "../../src/libvirt/domain-ends.ts";
import { DomainMarking } from "../../src/libvirt/domain-marking.ts";
import { DomainRuns } from "../../src/libvirt/domain-runs.ts";
import { qemu } from "../../src/libvirt/hypervisor.ts";
import { OwnedDomains } from "../../src/libvirt/owned-domains.ts";
import { procedures } from "../../src/libvirt/rpc/gen/protocol.ts";
import { domainPausedReason, domainState, LibvirtClient } from "../../src/libvirt/rpc/index.ts";
import { StubDaemon } from "./rpc/stub-daemon.ts";
import { aSeenDomain } from "./targets.ts";

const { signal } = new AbortController();
const failing = { state: domainState.paused, reason: domainPausedReason.ioerror };

/** The calls that are of interest, by their numbers. */
const names: ReadonlyMap<number, string> = new Map([
  [procedures.domainResume.number, "domainResume"],
  [procedures.domainPmWakeup.number, "domainPmWakeup"],
  [procedures.domainGetState.number, "domainGetState"],
  [procedures.domainGetDiskErrors.number, "domainGetDiskErrors"],
  [procedures.domainCreateWithFlags.number, "domainCreateWithFlags"],
]);

describe("DomainRuns", () => {
  /** What the machine is found to do after it was resumed. */
  let after: { readonly state: number; readonly reason: number };
  let called: string[];
  let runs: DomainRuns;

  beforeEach(async () => {
    called = [];
    const daemon = await StubDaemon.start((frame, connection) => {
      const name = names.get(frame.procedure);
      if (name !== undefined) called.push(name);
      if (name === "domainGetState") {
        connection.reply(frame, procedures.domainGetState.ret.encode(after));
        return "done";
      }
      if (name !== "domainGetDiskErrors") return undefined;
      const errors = [{ disk: "vda", error: 2 }];
      connection.reply(frame, procedures.domainGetDiskErrors.ret.encode({ errors, nerrors: 1 }));
      return "done";
    });
    const client = new LibvirtClient(daemon.endpoint);
    onTestFinished(() => client.close());
    const calls = new DomainCalls(client);
    const marking = new DomainMarking({
      calls,
      domains: new OwnedDomains(client, "node"),
      nodeId: "node",
    });
    const { flags } = qemu;
    runs = new DomainRuns({ calls, ends: new DomainEnds(calls, flags), marking, flags });
  });

  it("tells which disk fails again as soon as the machine goes on, and leaves it paused", async () => {
    after = failing;

    await expect(runs.run(aSeenDomain(failing), signal)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      retryable: true,
      message: expect.stringContaining("vda: no space left"),
    });

    expect(called).toEqual(["domainResume", "domainGetState", "domainGetDiskErrors"]);
  });

  it("lets a machine go on whose disk is well again", async () => {
    after = { state: domainState.running, reason: 5 };

    await runs.run(aSeenDomain(failing), signal);

    expect(new Set(called)).toEqual(new Set(["domainResume", "domainGetState"]));
  });

  it.each([
    ["suspended by somebody", domainState.paused, domainPausedReason.user, ["domainResume"]],
    ["asleep", domainState.pmsuspended, 0, ["domainPmWakeup"]],
    ["running", domainState.running, 1, []],
  ] as const)("brings up a machine that is %s", async (...[, state, reason, expected]) => {
    await runs.run(aSeenDomain({ state, reason }), signal);

    expect(called).toEqual(expected);
  });
});
