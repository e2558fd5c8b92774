export type { AcceleratorChoice } from "./host-capabilities.ts";
export type { HostFacts, Hypervisor, HypervisorFlags } from "./hypervisor.ts";
export type { LibvirtRuntimeOptions } from "./libvirt-options.ts";
export { LibvirtRuntime } from "./libvirt-runtime.ts";
export type { Architecture, Machine, MachineDisk, MachineInterface } from "./machine.ts";
