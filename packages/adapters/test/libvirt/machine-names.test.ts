import { describe, expect, it } from "vitest";
import { machineMac, machineUuid } from "../../src/libvirt/machine-names.ts";
import { aTarget, workloadId } from "./targets.ts";

describe("machineUuid", () => {
  it("is the same for every revision of a creation, and a UUID of version 8", () => {
    const first = machineUuid(aTarget(), "node");

    expect(machineUuid(aTarget({ revisionId: "r2", specDigest: "other" }), "node")).toBe(first);
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("differs between nodes, workloads and creations", () => {
    const uuids = [
      machineUuid(aTarget(), "node"),
      machineUuid(aTarget(), "node2"),
      machineUuid(aTarget({ uid: "uid-2" }), "node"),
      machineUuid(aTarget({ id: workloadId("vm-2") }), "node"),
      machineUuid(aTarget({ id: workloadId("vm-1u"), uid: "id-1" }), "node"),
    ];

    expect(new Set(uuids).size).toBe(uuids.length);
  });
});

describe("machineMac", () => {
  it("is the same for every revision, and no group's", () => {
    const first = machineMac(aTarget(), "node", 0);

    expect(machineMac(aTarget({ revisionId: "r2" }), "node", 0)).toBe(first);
    expect(first).toMatch(/^52:54(?::[0-9a-f]{2}){4}$/);
  });

  it("differs between interfaces and machines", () => {
    const macs = Array.from({ length: 1_000 }, (_, at) =>
      machineMac(aTarget({ uid: `uid-${at}` }), "node", at % 3),
    );

    expect(new Set(macs).size).toBe(1_000);
  });
});
