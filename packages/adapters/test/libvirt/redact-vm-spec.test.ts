import { expect, it } from "vitest";
import { redactVmSpec } from "../../src/libvirt/redact-vm-spec.ts";

const minimal = { vcpus: 1, memoryMb: 512, disks: [{ device: "vda", sizeGb: 1 }] };

it("hides all that the guest is told and every password, and leaves the rest", () => {
  const spec = {
    ...minimal,
    cloudInit: "s1",
    cloudInitConfig: { userData: "s2", networkConfig: "s3" },
    credentials: { username: "ops", passwordHash: "$6$s4", sshKeys: ["ssh-ed25519 A"] },
    vnc: { password: "s5" },
  };

  expect(redactVmSpec(spec)).toEqual({
    ...minimal,
    cloudInit: "<redacted>",
    cloudInitConfig: { userData: "<redacted>", networkConfig: "<redacted>" },
    credentials: { username: "ops", passwordHash: "<redacted>", sshKeys: ["ssh-ed25519 A"] },
    vnc: { password: "<redacted>" },
  });
});

it.each([null, 1, "x", [], { cloudInitConfig: "s" }, { credentials: [] }])(
  "takes whatever is stored, such as %j",
  (spec) => {
    expect(redactVmSpec(spec)).toEqual(spec);
  },
);
