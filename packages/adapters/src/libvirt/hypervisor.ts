import type { Architecture, Machine } from "./machine.ts";
import { machineXml } from "./machine-xml.ts";
import { domainCreateFlags, domainShutdownFlag, domainUndefineFlags } from "./rpc/index.ts";

/** How a hypervisor of libvirt is spoken to: not each takes the same descriptions and flags. */
export interface Hypervisor {
  /** The description of a machine, without our marks. */
  readonly describe: (machine: Machine) => string;
  readonly flags: HypervisorFlags;
  /** What its machines run on. Default: what libvirt tells. */
  readonly facts?: HostFacts;
}

/** What machines can be made of on a host. */
export interface HostFacts {
  readonly architecture: Architecture;
  readonly accelerator: "kvm" | "tcg";
}

/** How a hypervisor is asked. */
export interface HypervisorFlags {
  /** How a guest is asked to shut down: `virDomainShutdownFlagValues`. */
  readonly shutdown: number;
  /** How a machine is started that must not take up memory that was saved of it: `virDomainCreateFlags`. */
  readonly startAnew: number;
  /** What is removed with a definition: `virDomainUndefineFlagsValues`. */
  readonly undefine: number;
}

/**
 * QEMU. Its guests are asked by the power button alone: libvirt would try the agent in the guest first otherwise, and wait for one that does
 * not answer.
 */
export const qemu: Hypervisor = {
  describe: (machine) => machineXml(machine),
  flags: {
    shutdown: domainShutdownFlag.acpiPowerBtn,
    startAnew: domainCreateFlags.startForceBoot,
    undefine:
      domainUndefineFlags.managedSave +
      domainUndefineFlags.snapshotsMetadata +
      domainUndefineFlags.checkpointsMetadata +
      domainUndefineFlags.nvram,
  },
};
