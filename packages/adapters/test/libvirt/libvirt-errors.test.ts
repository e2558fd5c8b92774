import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { isMissingDomain, isOtherState, vmError } from "../../src/libvirt/libvirt-errors.ts";
import {
  errorDomain,
  errorNumber,
  LibvirtConnectionError,
  LibvirtError,
} from "../../src/libvirt/rpc/index.ts";

function answered(
  code: keyof typeof errorNumber,
  part: keyof typeof errorDomain = "qemu",
): AgentError {
  return vmError(new LibvirtError(errorNumber[code], errorDomain[part], "words"), "do it");
}

describe("vmError", () => {
  it.each([
    ["xmlError", "domain", "INVALID_SPEC", { retryable: false, effect: "none" }],
    ["configUnsupported", "qemu", "INVALID_SPEC", { retryable: false, effect: "none" }],
    ["accessDenied", "access", "PERMISSION_DENIED", { retryable: false, effect: "unknown" }],
    ["domExist", "qemu", "NAME_CONFLICT", { retryable: true, effect: "none" }],
    ["noNetwork", "network", "NETWORK_ERROR", { retryable: true, effect: "unknown" }],
    ["operationInvalid", "network", "NETWORK_ERROR", { retryable: true, effect: "unknown" }],
    ["noStoragePool", "storage", "STORAGE_ERROR", { retryable: true, effect: "unknown" }],
    ["noMemory", "qemu", "INSUFFICIENT_RESOURCES", { retryable: true, effect: "unknown" }],
    ["noConnect", "rpc", "RUNTIME_UNAVAILABLE", { retryable: true, effect: "unknown" }],
    ["internalError", "qemu", "RUNTIME_ERROR", { retryable: true, effect: "unknown" }],
    ["noDomain", "qemu", "RUNTIME_ERROR", { retryable: true, effect: "unknown" }],
  ] as const)("says of %s by %s: %s", (code, part, expected, more) => {
    expect(answered(code, part)).toMatchObject({ code: expected, ...more });
  });

  it("knows what it does not know: a code of a newer daemon", () => {
    expect(vmError(new LibvirtError(9_999, 9_999, "words"), "do it")).toMatchObject({
      code: "RUNTIME_ERROR",
      retryable: true,
      details: { libvirtCode: 9_999, libvirtDomain: 9_999 },
    });
  });

  it.each(["unreachable", "refused", "closed", "silent", "protocol", "busy"] as const)(
    "takes no answer (%s) for unavailable, never for absent",
    (fault) => {
      const error = vmError(new LibvirtConnectionError(fault, "words"), "do it");

      expect(error).toMatchObject({
        code: "RUNTIME_UNAVAILABLE",
        retryable: true,
        effect: "unknown",
      });
      expect(isMissingDomain(error)).toBe(false);
    },
  );

  it("knows that what was not sent has had no effect", () => {
    const error = new LibvirtConnectionError("unreachable", "words", {
      sent: false,
      errno: "EACCES",
    });

    expect(vmError(error, "do it")).toMatchObject({ effect: "none", details: { errno: "EACCES" } });
    expect(vmError(error, "do it").message).toContain("group libvirt");
  });

  it("passes an AgentError on", () => {
    const error = new AgentError("TIMEOUT", "words");

    expect(vmError(error, "do it")).toBe(error);
  });
});

describe("isMissingDomain and isOtherState", () => {
  it("go by the code alone", () => {
    const { qemu } = errorDomain;
    expect(isMissingDomain(new LibvirtError(errorNumber.noDomain, qemu, ""))).toBe(true);
    expect(isMissingDomain(new LibvirtError(errorNumber.noNetwork, qemu, "Domain not found"))).toBe(
      false,
    );
    expect(isOtherState(new LibvirtError(errorNumber.operationInvalid, qemu, ""))).toBe(true);
  });
});
