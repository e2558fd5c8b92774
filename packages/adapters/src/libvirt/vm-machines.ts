import { AgentError, type Target, type WorkloadId } from "@persys/core";
import { hostPathResolver } from "../shared/host-path.ts";
import type { HypervisorHost } from "./hypervisor-host.ts";
import { isDevice, type Machine, type MachineDisk, machineOf } from "./machine.ts";
import type { MachineMaking } from "./machine-making.ts";
import type { LibvirtConnection } from "./rpc/index.ts";
import { wantsSeed } from "./seed-files.ts";
import { poolFolders } from "./storage-pools.ts";
import type { VmFolders } from "./vm-folders.ts";
import { type VmSpec, vmSpecOf } from "./vm-spec.ts";

/** What machines are decided by, besides their specs. */
export interface VmMachinesContext {
  readonly connection: Pick<LibvirtConnection, "call">;
  readonly host: HypervisorHost;
  readonly folders: VmFolders;
  readonly nodeId: string;
  readonly diskFolder: string;
}

/** A machine that is not made yet has no console. */
const notMade: MachineMaking = { instance: "none", variablesPath: undefined, hasRun: false };

/** Decides what machine a target is to have on this host. */
export class VmMachines {
  readonly #context: VmMachinesContext;
  readonly #bridges = new Map<WorkloadId, ReadonlySet<string>>();

  constructor(context: VmMachinesContext) {
    this.#context = context;
  }

  /**
   * Machines of a workload stand on these bridges of the host from now on and on no others: whoever may use them has been asked about these. What was
   * a network of libvirt's then and is none any more would else be taken for a bridge. Until it is called, names are taken for what they are.
   */
  keepTo(id: WorkloadId, bridges: readonly string[]): void {
    this.#bridges.set(id, new Set(bridges));
  }

  /** Forgets what machines of a workload may stand on. */
  forget(id: WorkloadId): void {
    this.#bridges.delete(id);
  }

  /**
   * The machine of a target. The same each time, but for its console, which each making of it has its own of.
   * @throws {AgentError} INVALID_SPEC where the spec is not one of a machine; NETWORK_ERROR where one of its networks is not what it was when it was
   *   asked what the machine demands; as libvirt's answers are
   */
  async machineOf(
    target: Target,
    signal: AbortSignal,
    { instance, variablesPath }: MachineMaking = notMade,
  ): Promise<Machine> {
    const { connection, diskFolder, folders, host, nodeId } = this.#context;
    const spec = specOf(target);
    const [facts, networks, pools] = await Promise.all([
      host.facts(signal),
      host.networks(signal),
      poolFolders(spec, connection, signal),
    ]);
    const machine = machineOf(target, spec, {
      ...facts,
      nodeId,
      diskFolder,
      pools,
      consoleLog: folders.consoleLogOf(target.id, instance),
      variablesPath: variablesPath ?? folders.variablesOf(target),
      seedPath: wantsSeed(spec) ? folders.seedOf(target) : undefined,
      networks: new Set(networks.keys()),
    });
    this.#assertBridges(target.id, machine);
    return { ...machine, disks: await Promise.all(machine.disks.map(withoutLinks)) };
  }

  #assertBridges(id: WorkloadId, { interfaces }: Machine): void {
    const bridges = this.#bridges.get(id);
    if (bridges === undefined) return;
    const other = interfaces.find(
      ({ source }) => source.kind === "bridge" && !bridges.has(source.name),
    );
    if (other === undefined) return;
    throw new AgentError(
      "NETWORK_ERROR",
      `libvirt has no network ${other.source.name} any more: it is asked anew whether the machine may have a bridge of that name`,
      { retryable: true, effect: "none" },
    );
  }
}

const followed = hostPathResolver();

/**
 * A disk by its path after all links: what is judged and what is used are then one, wherever links lead later. Devices keep the names they are
 * given: those stay the same through a restart of the host, what they lead to does not.
 */
async function withoutLinks(disk: MachineDisk): Promise<MachineDisk> {
  if (isDevice(disk)) return disk;
  const { path, unresolved } = await followed(disk.path);
  if (unresolved === undefined) return { ...disk, path };
  throw new AgentError("STORAGE_ERROR", `it cannot be seen what ${disk.path} is: ${unresolved}`, {
    retryable: true,
    effect: "none",
  });
}

/** The spec of a target. @throws {AgentError} INVALID_SPEC when it is not one of a machine. */
export function specOf({ spec }: Pick<Target, "spec">): VmSpec {
  const parsed = vmSpecOf(spec);
  if (parsed !== undefined) return parsed;
  throw new AgentError("INVALID_SPEC", "the spec is not one of a virtual machine", {
    fault: "user",
    effect: "none",
  });
}
