import { describe, expect, it } from "vitest";
import { acceleratorOf, readHostCapabilities } from "../../src/libvirt/host-capabilities.ts";

function capabilities(host: string, guests: string): string {
  return `<capabilities><host><cpu><arch>${host}</arch></cpu></host>${guests}</capabilities>`;
}

function guest(arch: string, ...domains: readonly string[]): string {
  const types = domains.map((type) => `<domain type='${type}'/>`).join("");
  return `<guest><os_type>hvm</os_type><arch name='${arch}'><wordsize>64</wordsize>${types}</arch></guest>`;
}

describe("readHostCapabilities", () => {
  it("finds KVM for the architecture of the host alone", () => {
    const both = guest("aarch64", "qemu") + guest("x86_64", "qemu", "kvm");
    const other = guest("i686", "qemu", "kvm") + guest("x86_64", "qemu");

    expect(readHostCapabilities(capabilities("x86_64", both))).toEqual({
      architecture: "x86_64",
      hasKvm: true,
    });
    expect(readHostCapabilities(capabilities("x86_64", other)).hasKvm).toBe(false);
    expect(readHostCapabilities(capabilities("aarch64", both)).hasKvm).toBe(false);
  });

  it.each([
    ["<capabilities>", "RUNTIME_ERROR"],
    ["<capabilities/>", "RUNTIME_ERROR"],
    [capabilities("riscv64", ""), "UNSUPPORTED"],
  ])("refuses %s", (xml, code) => {
    expect(() => readHostCapabilities(xml)).toThrow(expect.objectContaining({ code }));
  });
});

describe("acceleratorOf", () => {
  it.each([
    ["auto", true, "kvm"],
    ["auto", false, "tcg"],
    ["kvm", true, "kvm"],
    ["tcg", true, "tcg"],
    ["tcg", false, "tcg"],
  ] as const)("makes of %s, with KVM offered: %s, %s", (choice, hasKvm, accelerator) => {
    expect(acceleratorOf(choice, { hasKvm })).toBe(accelerator);
  });

  it("waits for KVM where nothing else is to be", () => {
    expect(() => acceleratorOf("kvm", { hasKvm: false })).toThrow(
      expect.objectContaining({ code: "RUNTIME_ERROR", retryable: true, effect: "none" }),
    );
  });
});
