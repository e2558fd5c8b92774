import type { Instance, Observation } from "@persys/core";
import { describe, expect, it } from "vitest";
import { glanceOf, observationOf } from "../../src/libvirt/domain-observation.ts";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { type DefinitionMarks, marksFor } from "../../src/libvirt/domain-ownership.ts";
import {
  domainPausedReason,
  domainShutoffReason,
  domainState,
} from "../../src/libvirt/rpc/index.ts";
import { hostBoot } from "../../src/shared/boot-id.ts";
import { aSeenDomain, aTarget, workloadId } from "./targets.ts";

const started: DefinitionMarks = {
  ...marksFor(aTarget(), "i1"),
  run: "run-1",
  startedAtMs: 1_000,
  domainId: 5,
};

function domain(changes: Partial<SeenDomain> = {}, current: DefinitionMarks = started): SeenDomain {
  const ownership = {
    id: workloadId("vm-1"),
    nodeId: "node",
    current,
    kept: undefined,
    former: undefined,
  };
  return aSeenDomain({ ownership, ...changes });
}

function instance(seen: SeenDomain): Instance | undefined {
  const observation: Observation = observationOf(seen);
  return observation.kind === "present" ? observation.instances[0] : undefined;
}

describe("observationOf", () => {
  it.each([
    ["running", domainState.running, 0, "running"],
    ["blocked", domainState.blocked, 0, "running"],
    ["paused by somebody", domainState.paused, domainPausedReason.user, "paused"],
    ["paused by an I/O error", domainState.paused, domainPausedReason.ioerror, "paused"],
    ["on its way up", domainState.paused, domainPausedReason.startingUp, "starting"],
    ["being saved", domainState.paused, domainPausedReason.save, "starting"],
    ["being copied", domainState.paused, domainPausedReason.snapshot, "starting"],
    ["paused to end", domainState.paused, domainPausedReason.shuttingDown, "stopping"],
    ["asleep", domainState.pmsuspended, 0, "paused"],
    ["on its way down", domainState.shutdown, 0, "stopping"],
    ["off", domainState.shutoff, domainShutoffReason.shutdown, "exited"],
    ["crashed", domainState.crashed, 0, "exited"],
  ] as const)("takes a machine that is %s for what it is", (...[, state, reason, expected]) => {
    expect(instance(domain({ state, reason }))?.state).toBe(expected);
  });

  it("knows a machine that was never started", () => {
    const seen = domain({ state: domainState.shutoff, domainId: -1 }, marksFor(aTarget(), "i1"));

    expect(instance(seen)).toMatchObject({ state: "created", handle: "i1" });
    expect(instance(seen)).not.toHaveProperty("run");
    expect(instance(seen)).not.toHaveProperty("exit");
  });

  it.each([
    [domainShutoffReason.shutdown, { kind: "code", code: 0 }],
    [domainShutoffReason.destroyed, { kind: "unknown" }],
    [domainShutoffReason.crashed, { kind: "unknown" }],
    [domainShutoffReason.failed, { kind: "unknown" }],
    [domainShutoffReason.unknown, { kind: "unknown" }],
  ])("takes only a guest that shut itself down for a success (reason %i)", (reason, exit) => {
    const seen = domain({ state: domainState.shutoff, reason, domainId: -1 });

    expect(instance(seen)).toMatchObject({ run: "run-1", startedAtMs: 1_000, exit });
  });

  it("names a run that somebody else began otherwise than ours", () => {
    expect(instance(domain())?.run).toBe("run-1");
    expect(instance(domain({ domainId: 6 }))?.run).not.toBe("run-1");
    expect(instance(domain({}, marksFor(aTarget(), "i1")))?.run).toBeDefined();
  });

  it("takes no run for ours that goes on after another boot of the host, whatever its number", () => {
    expect(instance(domain({}, { ...started, boot: "another" }))?.run).not.toBe("run-1");
    expect(
      instance(domain({}, { ...started, boot: "another", domainId: undefined }))?.run,
    ).not.toBe("run-1");
    expect(instance(domain({}, { ...started, boot: hostBoot() }))?.run).toBe("run-1");
  });

  it("takes a run of which only the beginning was written down for ours", () => {
    expect(instance(domain({}, { ...started, domainId: undefined }))?.run).toBe("run-1");
  });

  it("takes the end of a run that may not have begun for no success", () => {
    const shut = { state: domainState.shutoff, reason: domainShutoffReason.shutdown, domainId: -1 };

    expect(instance(domain(shut, { ...started, domainId: undefined }))?.exit).toEqual({
      kind: "unknown",
    });
  });

  it("tells what somebody else has made of the definition", () => {
    const marked = { ...started, config: "config-1" };
    const edited = { ...domain().definition, digest: "config-2" };

    expect(instance(domain({}, marked))?.drift).toEqual([]);
    expect(instance(domain({ definition: edited }, marked))?.drift).toEqual([
      "its definition was edited",
    ]);
    expect(instance(domain({ isPersistent: false }, marked))?.drift).toEqual([
      "its definition was removed while it runs",
    ]);
    expect(instance(domain({ name: "vm-2", isAutostarted: true }, marked))?.drift).toEqual([
      "it was renamed",
      "libvirt is to start it by itself",
    ]);
  });

  it("tells of other processors than its definition says, and not of memory, which is the guest's to give back", () => {
    const size = { vcpus: 1, vcpusMax: 4, memoryKib: 65_536, memoryMaxKib: 65_536 };
    const definition = { ...domain().definition, size };
    const running = (more: object) => ({ ...definition, size: { ...size, ...more } });

    expect(instance(domain({ definition, running: running({ vcpus: 2 }) }))?.drift).toEqual([
      "it was given other processors while it runs",
    ]);
    const marked = { ...started, config: "config-1" };
    const edited = { ...definition, digest: "config-2", size: { ...size, vcpus: 2 } };
    expect(instance(domain({ definition: edited, running: definition }, marked))?.drift).toEqual([
      "its definition was edited",
    ]);
    expect(instance(domain({ definition, running: running({ memoryKib: 32_768 }) }))).toMatchObject(
      {
        drift: [],
        facts: { "vm.memory_mb": "32" },
      },
    );
  });

  it("shows what runs until another definition has taken effect", () => {
    const former = { ...started, xml: "<domain/>" };
    const current = { ...marksFor(aTarget({ revisionId: "r2" }), "i2") };
    const ownership = { ...domain().ownership, current, former };
    const up = domain({ ownership });

    expect(observationOf(up)).toMatchObject({
      instances: [
        {
          revisionId: "r1",
          kept: false,
          state: "running",
          run: started.run,
          drift: ["another definition of it has yet to take effect"],
        },
      ],
    });
    const down = domain({ ownership, domainId: -1, state: domainState.shutoff });
    expect(observationOf(down)).toMatchObject({
      instances: [
        { revisionId: "r2", kept: false, state: "created", drift: [] },
        { revisionId: "r1", kept: true, state: "exited" },
      ],
    });
    const byHand = domain({ ownership, domainId: 6 });
    expect(observationOf(byHand)).toMatchObject({
      instances: [
        { revisionId: "r2", run: "i2.outside.6", state: "running" },
        { revisionId: "r1", kept: true },
      ],
    });
  });

  it("tells files and addresses", () => {
    const definition = {
      ...domain().definition,
      interfaces: [{ mac: "52:54:00:00:00:01", network: "default" }],
      disks: [{ device: "vda", kind: "disk", path: "/images/vm-1-vda.qcow2" }] as const,
      consoleLog: "/vm/console.log",
    };
    const addresses = ["fd00::5", "192.168.122.5"];
    const observation = observationOf(domain({ running: definition }), { addresses });

    expect(observation).toMatchObject({
      instances: [
        {
          facts: {
            "vm.disks": "vda=/images/vm-1-vda.qcow2",
            "vm.console_log": "/vm/console.log",
            "vm.mac_addresses": "52:54:00:00:00:01",
            "vm.primary_ip": "192.168.122.5",
            "vm.ip_addresses": "fd00::5,192.168.122.5",
            "vm.vcpus": "1",
            "vm.vcpus_max": "1",
            "vm.memory_mb": "64",
            "vm.memory_max_mb": "64",
          },
        },
      ],
    });
  });

  it("shows what is kept beside what is current", () => {
    const seen = domain();
    const kept = { ...started, instance: "i0", revisionId: "r0", xml: "<domain/>" };
    const observation = observationOf({ ...seen, ownership: { ...seen.ownership, kept } });

    expect(observation).toMatchObject({
      instances: [
        { handle: "i1", kept: false, state: "running" },
        { handle: "i0", kept: true, state: "exited", revisionId: "r0", exit: { kind: "unknown" } },
      ],
    });
  });

  it("tells state and reason by name", () => {
    const seen = domain({ state: domainState.paused, reason: domainPausedReason.ioerror });

    expect(instance(seen)?.facts).toMatchObject({
      "vm.domain_state": "paused",
      "vm.domain_reason": "ioerror",
    });
  });
});

describe("glanceOf", () => {
  it("differs with everything that an observation is made of", () => {
    const kept = { ...started, instance: "i0", xml: "<domain/>" };
    const glances = [
      domain(),
      domain({ state: domainState.paused }),
      domain({ reason: 3 }),
      domain({ domainId: 6 }),
      domain({}, { ...started, run: "run-2" }),
      domain({ ownership: { ...domain().ownership, kept } }),
      domain({ isPersistent: false }),
    ].map((one) => glanceOf(one));
    glances.push(glanceOf(domain(), { addresses: ["192.168.122.5"] }));

    expect(new Set(glances).size).toBe(glances.length);
    expect(glanceOf(domain())).toBe(glances[0]);
    expect(Math.max(...glances.map((text) => text.length))).toBeLessThan(512);
  });
});
