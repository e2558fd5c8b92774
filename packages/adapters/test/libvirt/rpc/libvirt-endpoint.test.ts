import { describe, expect, it } from "vitest";
import { parseLibvirtUri } from "../../../src/libvirt/rpc/libvirt-endpoint.ts";

describe("parseLibvirtUri", () => {
  it("knows where the system's daemon listens, whole or split", () => {
    expect(parseLibvirtUri("qemu:///system", {})).toEqual({
      name: "qemu:///system",
      socketPaths: ["/var/run/libvirt/libvirt-sock", "/var/run/libvirt/virtqemud-sock"],
    });
  });

  it("looks for a session's daemon in the user's folder", () => {
    expect(
      parseLibvirtUri("qemu:///session", { XDG_RUNTIME_DIR: "/run/user/7" })?.socketPaths[0],
    ).toBe("/run/user/7/libvirt/libvirt-sock");
  });

  it("takes a socket that is named, and tells the daemon nothing of it", () => {
    expect(parseLibvirtUri("qemu+unix:///system?socket=/tmp/s", {})).toEqual({
      name: "qemu:///system",
      socketPaths: ["/tmp/s"],
    });
  });

  it.each([
    "",
    "qemu",
    "qemu://host/system",
    "qemu+ssh:///system",
    "qemu+tls://host/system",
    "qemu:///system?socket=relative",
    "qemu:///system?mode=direct",
    "constructor",
  ])("does not take %j", (uri) => {
    expect(parseLibvirtUri(uri, {})).toBeUndefined();
  });
});
