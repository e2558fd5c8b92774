import { describe, expect, it } from "vitest";
import { machineOf, type MachineSurroundings } from "../../src/libvirt/machine.ts";
import { machineXml } from "../../src/libvirt/machine-xml.ts";
import { aTarget } from "./targets.ts";

const surroundings: MachineSurroundings = {
  nodeId: "node",
  architecture: "x86_64",
  accelerator: "tcg",
  diskFolder: "/images",
  pools: new Map(),
  consoleLog: "/run/console.log",
  variablesPath: "/run/firmware.fd",
  seedPath: undefined,
  networks: new Set(),
};

describe("the description of a machine", () => {
  it("names the file in which UEFI keeps its variables, so that it goes with the machine", () => {
    const spec = { vcpus: 1, memoryMb: 64 };
    const xmlOf = (firmware: "bios" | "uefi") =>
      machineXml(machineOf(aTarget(), { ...spec, firmware }, surroundings));

    expect(xmlOf("uefi")).toContain("<nvram>/run/firmware.fd</nvram>");
    expect(xmlOf("bios")).not.toContain("nvram");
  });
});
