import { AgentError, type Progress, type Target } from "@persys/core";
import type { DomainOperations } from "./domain-operations.ts";
import type { HypervisorHost } from "./hypervisor-host.ts";
import type { Machine } from "./machine.ts";
import type { VmFiles } from "./vm-files.ts";
import type { VmMachines } from "./vm-machines.ts";

/** What machines are prepared with. */
export interface VmPrepareContext {
  readonly host: HypervisorHost;
  readonly machines: VmMachines;
  readonly files: VmFiles;
  readonly operations: DomainOperations;
}

const mebibyte = 1_048_576;

/**
 * All that can fail or take long before a target's machine can run: whether the host has room and networks for it, its disks, its seed, and its
 * definition where the workload has none. A machine of another revision runs on as it is.
 * @throws {AgentError} INSUFFICIENT_RESOURCES, NETWORK_ERROR; as {@link VmFiles.make} and {@link DomainOperations.makeFirst}
 */
export async function prepareMachine(
  target: Target,
  { host, machines, files, operations }: VmPrepareContext,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<void> {
  progress("looking for what the machine stands on");
  const machine = await machines.machineOf(target, signal);
  await Promise.all([
    assertMemory(machine, host, signal),
    assertNetworks(machine, host, signal),
    operations.assertFree(target.id, signal),
  ]);
  await files.make(target, machine, { signal, progress });
  progress("defining the machine");
  await operations.makeFirst(target, signal);
}

async function assertMemory(
  { maxMemoryMb: memoryMb }: Machine,
  host: HypervisorHost,
  signal: AbortSignal,
): Promise<void> {
  const hostMb = Math.floor((await host.memoryBytes(signal)) / mebibyte);
  if (memoryMb <= hostMb) return;
  throw new AgentError(
    "INSUFFICIENT_RESOURCES",
    `the machine asks for ${memoryMb} MiB of memory, of which this host has ${hostMb} in all`,
    { effect: "none", details: { memoryMb, hostMb } },
  );
}

async function assertNetworks(
  { interfaces }: Machine,
  host: HypervisorHost,
  signal: AbortSignal,
): Promise<void> {
  const wanted = interfaces.filter((it) => it.source.kind === "network");
  if (wanted.length === 0) return;
  const networks = await host.networks(signal);
  for (const { source } of wanted) {
    const network = networks.get(source.name);
    if (network?.isActive === true) continue;
    const advice =
      network === undefined
        ? `libvirt has no network ${source.name}`
        : `libvirt's network ${source.name} is not active: virsh net-start ${source.name}`;
    throw new AgentError("NETWORK_ERROR", advice, { retryable: true, effect: "none" });
  }
}
