import { AgentError } from "@persys/core";
import { childOf, parseXml, type XmlElement } from "./xml.ts";

/** What a host can run machines with. */
export interface HostCapabilities {
  /** That of the host. */
  readonly architecture: "x86_64" | "aarch64";
  /** Whether libvirt offers KVM for it. */
  readonly hasKvm: boolean;
}

/** What runs the programs of guests, as an operator asks for it. `auto`: KVM where it is offered. */
export type AcceleratorChoice = "auto" | "kvm" | "tcg";

/**
 * Reads what libvirt tells of its host (`connectGetCapabilities`).
 * @throws {AgentError} UNSUPPORTED for an architecture that machines are not made for; RUNTIME_ERROR for what is not understood
 */
export function readHostCapabilities(xml: string): HostCapabilities {
  const root = parseXml(xml);
  const name = childOf(childOf(childOf(root, "host"), "cpu"), "arch")?.text ?? "";
  if (root === undefined || name === "")
    throw new AgentError("RUNTIME_ERROR", "what libvirt tells of its host cannot be understood", {
      retryable: true,
      effect: "none",
    });
  if (name !== "x86_64" && name !== "aarch64")
    throw new AgentError(
      "UNSUPPORTED",
      `machines are made for x86_64 and aarch64, and this host is ${name}`,
      { effect: "none" },
    );
  return { architecture: name, hasKvm: root.children.some((it) => offersKvm(it, name)) };
}

/**
 * What runs the programs of guests on this host.
 * @throws {AgentError} RUNTIME_ERROR, retryable, effect none, where KVM is demanded and not offered: it may be switched on
 */
export function acceleratorOf(
  choice: AcceleratorChoice,
  { hasKvm }: Pick<HostCapabilities, "hasKvm">,
): "kvm" | "tcg" {
  if (choice === "auto") return hasKvm ? "kvm" : "tcg";
  if (choice === "kvm" && !hasKvm)
    throw new AgentError(
      "RUNTIME_ERROR",
      "machines are to run on KVM, and libvirt offers none here: see that /dev/kvm is there and QEMU may use it, then restart libvirtd; or let the accelerator be `auto` or `tcg`",
      { retryable: true, effect: "none" },
    );
  return choice;
}

/** `<guest><arch name='x86_64'><domain type='kvm'/>`. */
function offersKvm(guest: XmlElement, architecture: string): boolean {
  if (guest.name !== "guest") return false;
  const arch = childOf(guest, "arch");
  if (arch?.attributes.get("name") !== architecture) return false;
  return arch.children.some((it) => it.name === "domain" && it.attributes.get("type") === "kvm");
}
