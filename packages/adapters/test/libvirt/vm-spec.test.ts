import { describe, expect, it } from "vitest";
import { parseVmSpec, vmSpecOf } from "../../src/libvirt/vm-spec.ts";

const minimal = { vcpus: 1, memoryMb: 512, disks: [{ device: "vda", sizeGb: 1 }] };

/** The places and rules that a spec breaks. */
function broken(changes: object): readonly string[] {
  const parsed = parseVmSpec({ ...minimal, ...changes });
  return parsed.ok ? [] : parsed.violations.map(({ path, rule }) => `${path.join(".")}: ${rule}`);
}

describe("parseVmSpec", () => {
  it("takes a minimal machine, and adds no default to it", () => {
    expect(parseVmSpec(minimal)).toEqual({
      ok: true,
      value: { spec: minimal, restart: { kind: "always" }, stopGraceMs: 60_000, labels: {} },
    });
  });

  it("leaves out what says no more than its absence", () => {
    const sent = {
      ...minimal,
      name: "",
      cloudInit: "",
      cloudInitConfig: { userData: "", metaData: "", networkConfig: "", vendorData: "" },
      disks: [{ path: "", device: "vda", format: "", sizeGb: 1, type: "", boot: false }],
      networks: [],
      metadata: {},
      managedVolumes: [],
      restartPolicy: { policy: "", maxRetryCount: 0 },
      stopGraceSeconds: 0,
    };

    const parsed = parseVmSpec(sent);

    expect(parsed.ok && parsed.value.spec).toEqual(minimal);
  });

  it.each(["/a", "/a/.b", "/a/..b", "/a/b..", "/a b/ü.img", "/...", "/a/b.persys.img"])(
    "takes a disk at %s",
    (path) => {
      expect(broken({ disks: [{ path }] })).toEqual([]);
    },
  );

  it("tells its restart policy, grace and labels", () => {
    const parsed = parseVmSpec({
      ...minimal,
      restartPolicy: { policy: "on-failure", maxRetryCount: 3 },
      stopGraceSeconds: 5,
      labels: { tier: "db" },
    });

    expect(parsed.ok && parsed.value).toMatchObject({
      restart: { kind: "on-failure", maxRetries: 3 },
      stopGraceMs: 5_000,
      labels: { tier: "db" },
    });
  });

  it("tells all faults at once, unknown keys included", () => {
    const parsed = parseVmSpec({ vcpus: 0, memoryMb: 1, disks: [{ colour: "red" }], cpus: 2 });

    expect(!parsed.ok && parsed.violations.map((one) => one.path.join(".")).toSorted()).toEqual([
      "cpus",
      "disks.0.colour",
      "memoryMb",
      "vcpus",
    ]);
  });

  it.each([
    ["fewer processors at most than it has", { vcpus: 3, maxVcpus: 2 }, "maxVcpus"],
    ["less memory at most than it has", { memoryMb: 512, maxMemoryMb: 256 }, "maxMemoryMb"],
    ["a disk path that climbs", { disks: [{ path: "/images/../etc/shadow" }] }, "disks.0.path"],
    ["a relative disk path", { disks: [{ path: "-o" }] }, "disks.0.path"],
    ["a disk path that begins by climbing", { disks: [{ path: "/../a" }] }, "disks.0.path"],
    ["a disk path of two forms", { disks: [{ path: "/a//b" }] }, "disks.0.path"],
    ["a disk path that stays", { disks: [{ path: "/a/./b" }] }, "disks.0.path"],
    ["a folder as a disk", { disks: [{ path: "/a/" }] }, "disks.0.path"],
    ["the root as a disk", { disks: [{ path: "/" }] }, "disks.0.path"],
    ["a claim as a disk", { disks: [{ path: "/a.img.persys" }] }, "disks.0.path"],
    ["a disk in the making", { disks: [{ path: "/a.img.persys-new" }] }, "disks.0.path"],
    ["a line break in a path", { disks: [{ path: "/a\nb" }] }, "disks.0.path"],
    ["a device of no bus", { disks: [{ device: "hda" }] }, "disks.0.device"],
    ["two disks of one name", { disks: [{ device: "vda" }, { device: "vda" }] }, "disks.1.device"],
    ["two disks of one file", { disks: [{ path: "/a" }, { path: "/a" }] }, "disks.1.path"],
    ["a disk that is an iso", { disks: [{ type: "disk", format: "iso" }] }, "disks.0.type"],
    ["a cdrom without a file", { disks: [{ type: "cdrom" }] }, "disks.0.path"],
    [
      "a cdrom of virtio",
      { disks: [{ type: "cdrom", path: "/a", device: "vda" }] },
      "disks.0.device",
    ],
    [
      "a checksum of nothing",
      { disks: [{ baseImageSha256: "0".repeat(64) }] },
      "disks.0.baseImageSha256",
    ],
    ["a base image that climbs", { disks: [{ baseImage: "../x" }] }, "disks.0.baseImage"],
    ["a pool beside a path", { disks: [{ path: "/a", pool: "fast" }] }, "disks.0.pool"],
    ["a pool that is a path", { disks: [{ pool: "../fast" }] }, "disks.0.pool"],
    ["an image of a system that climbs", { osImage: "../x" }, "osImage"],
    [
      "an image of a system beside a base",
      { osImage: "debian", disks: [{ format: "iso", path: "/a" }, { baseImage: "debian" }] },
      "osImage",
    ],
    ["a checksum of no system", { osImageSha256: "0".repeat(64) }, "osImageSha256"],
    [
      "a MAC of a group",
      { networks: [{ macAddress: "01:00:5e:00:00:01" }] },
      "networks.0.macAddress",
    ],
    [
      "an address without a prefix",
      { networks: [{ ipAddress: "10.0.0.1" }] },
      "networks.0.ipAddress",
    ],
    [
      "an address that is none",
      { networks: [{ ipAddress: "10.0.0.300/24" }] },
      "networks.0.ipAddress",
    ],
    ["a gateway for DHCP", { networks: [{ gateway: "10.0.0.1" }] }, "networks.0.gateway"],
    [
      "meta-data that are no object",
      { cloudInitConfig: { metaData: "[]" } },
      "cloudInitConfig.metaData",
    ],
    ["user-data twice", { cloudInit: "#a", cloudInitConfig: { userData: "#b" } }, "cloudInit"],
    [
      "credentials beside user-data",
      { cloudInit: "#a", credentials: { username: "a" } },
      "credentials",
    ],
    [
      "a password instead of a hash",
      { credentials: { username: "a", passwordHash: "pw" } },
      "credentials.passwordHash",
    ],
    ["a VNC password that is cut off", { vnc: { password: "123456789" } }, "vnc.password"],
    ["managed volumes", { managedVolumes: [{ name: "data" }] }, "managedVolumes"],
  ])("refuses %s", (_, changes, path) => {
    expect(broken(changes).map((words) => words.split(":")[0])).toEqual([path]);
  });

  it("shows nothing that may be secret in a violation", () => {
    const parsed = parseVmSpec({
      ...minimal,
      cloudInit: "hunter2\0",
      cloudInitConfig: { metaData: "hunter2", userData: "\0hunter2" },
      credentials: { username: "a", passwordHash: "hunter2" },
      vnc: { password: "hunter2hunter2" },
    });

    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain("hunter2");
  });

  it.each([undefined, null, 1, "x", [], {}, { vcpus: "1" }, { disks: 1 }, { cloudInitConfig: [] }])(
    "never throws, not for %j",
    (input) => {
      expect(parseVmSpec(input).ok).toBe(false);
    },
  );
});

describe("vmSpecOf", () => {
  it("types again what was accepted, and nothing else", () => {
    expect(vmSpecOf(minimal)).toEqual(minimal);
    expect(vmSpecOf({ vcpus: 1 })).toBeUndefined();
  });

  it("makes the first disk from the image of the system, or one that there is not", () => {
    const image = { osImage: "debian", osImageSha256: "0".repeat(64) };
    const base = { baseImage: "debian", baseImageSha256: "0".repeat(64) };
    const iso = { path: "/tools.iso", format: "iso" };

    expect(vmSpecOf({ ...minimal, ...image, disks: [iso, { sizeGb: 4 }, { sizeGb: 1 }] })).toEqual({
      ...minimal,
      ...image,
      disks: [iso, { sizeGb: 4, ...base }, { sizeGb: 1 }],
    });
    expect(vmSpecOf({ vcpus: 1, memoryMb: 64, ...image, disks: [iso] })?.disks).toEqual([
      base,
      iso,
    ]);
    expect(vmSpecOf({ vcpus: 1, memoryMb: 64, ...image })?.disks).toEqual([base]);
  });
});
