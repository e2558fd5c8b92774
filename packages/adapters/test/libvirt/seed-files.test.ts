import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { VmSpec } from "../../src/libvirt/vm-spec.ts";
import { type SeedFileName, seedFilesOf, wantsSeed } from "../../src/libvirt/seed-files.ts";

const machine = {
  name: "web_1.Blue",
  uuid: "00112233-4455-8677-8899-aabbccddeeff",
  interfaces: [
    { source: { kind: "network", name: "default" }, mac: "52:54:00:00:00:01" },
    { source: { kind: "bridge", name: "br0" }, mac: "52:54:00:00:00:02" },
  ],
} as const;

function file(name: SeedFileName, spec: Partial<VmSpec>): unknown {
  const text = seedFilesOf({ vcpus: 1, memoryMb: 64, ...spec }, machine).get(name);
  return text === undefined ? undefined : parse(text);
}

describe("seedFilesOf", () => {
  it("names the instance and its host, the first for good", () => {
    expect(file("meta-data", {})).toEqual({
      "instance-id": machine.uuid,
      "local-hostname": "web-1-Blue",
    });
  });

  it("adds to meta-data what they lack, and nothing to what they say", () => {
    const metaData = JSON.stringify({ "local-hostname": `a"b`, role: "db" });

    expect(file("meta-data", { cloudInitConfig: { metaData } })).toEqual({
      "instance-id": machine.uuid,
      "local-hostname": `a"b`,
      role: "db",
    });
  });

  it("configures each interface by its hardware address: by DHCP, or as the spec says", () => {
    const networks = [
      {},
      { ipAddress: "10.0.0.2/24", gateway: "10.0.0.1", nameservers: ["10.0.0.53"] },
    ];

    expect(file("network-config", { networks })).toEqual({
      version: 2,
      ethernets: {
        net0: { match: { macaddress: "52:54:00:00:00:01" }, dhcp4: true },
        net1: {
          match: { macaddress: "52:54:00:00:00:02" },
          addresses: ["10.0.0.2/24"],
          routes: [{ to: "0.0.0.0/0", via: "10.0.0.1" }],
          nameservers: { addresses: ["10.0.0.53"] },
        },
      },
    });
  });

  it("takes a network configuration, user-data and vendor-data as they are", () => {
    const files = seedFilesOf(
      {
        vcpus: 1,
        memoryMb: 64,
        cloudInitConfig: {
          userData: "#!/bin/sh\n",
          networkConfig: "version: 1\n",
          vendorData: "#v",
        },
      },
      machine,
    );

    expect(Object.fromEntries(files)).toMatchObject({
      "user-data": "#!/bin/sh\n",
      "network-config": "version: 1\n",
      "vendor-data": "#v",
    });
  });

  it("makes a user who may log in, whatever the words", () => {
    const credentials = {
      username: "ops",
      passwordHash: "$6$a: b",
      sshKeys: [`ssh-ed25519 A "x: y"`],
    };
    const text = seedFilesOf({ vcpus: 1, memoryMb: 64, credentials }, machine).get("user-data");

    expect(text).toMatch(/^#cloud-config\n/);
    expect(parse(text ?? "")).toMatchObject({
      users: [
        {
          name: "ops",
          passwd: credentials.passwordHash,
          lock_passwd: false,
          ssh_authorized_keys: credentials.sshKeys,
        },
      ],
    });
  });

  it("locks the password of a user who has none", () => {
    expect(file("user-data", { credentials: { username: "ops", sshKeys: ["k"] } })).toMatchObject({
      users: [{ lock_passwd: true }],
      ssh_pwauth: false,
    });
  });
});

describe("wantsSeed", () => {
  it.each([
    [{}, false],
    [{ networks: [{}] }, false],
    [{ networks: [{ ipAddress: "10.0.0.2/24" }] }, true],
    [{ cloudInit: "#cloud-config" }, true],
    [{ credentials: { username: "a" } }, true],
  ])("of %j is %s", (spec, expected) => {
    expect(wantsSeed({ vcpus: 1, memoryMb: 64, ...spec })).toBe(expected);
  });
});
