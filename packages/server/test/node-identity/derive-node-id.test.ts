import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deriveNodeId } from "../../src/node-identity/derive-node-id.ts";
import { nodeLabels } from "../../src/node-identity/node-labels.ts";
import { firstHardwareAddress, readMachineId } from "../../src/node-identity/read-node-facts.ts";
import { tempFolder } from "../support/temp-folder.ts";

const facts = { hostName: "web1", machineId: undefined, hardwareAddress: undefined };

describe("deriveNodeId", () => {
  it("joins the host name and the first 12 characters of the machine id", () => {
    const machineId = "0123456789abcdef0123456789abcdef\n";

    expect(deriveNodeId({ ...facts, machineId, hardwareAddress: "52:54:00:12:34:56" })).toBe(
      "web1-0123456789ab",
    );
  });

  it.each([undefined, "", "\n"])(
    "takes the hardware address when the machine id is %j",
    (machineId) => {
      // printf 52:54:00:12:34:56 | sha256sum
      expect(deriveNodeId({ ...facts, machineId, hardwareAddress: "52:54:00:12:34:56" })).toBe(
        "web1-6aa1a7a23e50",
      );
    },
  );

  it("is the host name when there is nothing else", () => {
    expect(deriveNodeId(facts)).toBe("web1");
  });
});

describe("readMachineId", () => {
  it("reads the file, and knows none where there is none", () => {
    const path = `${tempFolder()}/machine-id`;
    expect(readMachineId(path)).toBeUndefined();

    writeFileSync(path, "abc\n");
    expect(readMachineId(path)).toBe("abc\n");
  });
});

describe("firstHardwareAddress", () => {
  const address = {
    address: "10.0.0.1",
    netmask: "255.0.0.0",
    family: "IPv4" as const,
    cidr: "10.0.0.1/8",
  };

  it("passes over loopback and interfaces without an address of their own", () => {
    expect(
      firstHardwareAddress({
        lo: [{ ...address, mac: "00:00:00:00:00:00", internal: true }],
        tun0: [{ ...address, mac: "00:00:00:00:00:00", internal: false }],
        eth0: [{ ...address, mac: "52:54:00:12:34:56", internal: false }],
      }),
    ).toBe("52:54:00:12:34:56");
  });

  it("knows none where there is none", () => {
    expect(firstHardwareAddress({})).toBeUndefined();
  });
});

describe("nodeLabels", () => {
  const host = { platform: "linux", arch: "x64" };

  it("adds the system and the architecture by the names that schedulers use", () => {
    const settings = { nodeLabels: {}, nodeRegion: "", nodeEnv: "" };

    expect(nodeLabels(settings, host)).toEqual({ os: "linux", arch: "amd64" });
  });

  it("lets given labels win over the system's, and region and env over both", () => {
    const settings = {
      nodeLabels: { os: "mine", region: "us", rack: "7" },
      nodeRegion: "eu",
      nodeEnv: "prod",
    };

    expect(nodeLabels(settings, host)).toEqual({
      os: "mine",
      arch: "amd64",
      rack: "7",
      region: "eu",
      env: "prod",
    });
  });
});
