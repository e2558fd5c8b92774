import { join } from "node:path";
import type { Target } from "@persys/core";
import { machineMac, machineUuid } from "./machine-names.ts";
import type { VmSpec } from "./vm-spec.ts";
import { type DiskSpec, isCdrom } from "./vm-spec-disks.ts";
import type { NetworkSpec } from "./vm-spec-networks.ts";

/** A machine with everything decided: what its description for libvirt is written from. */
export interface Machine {
  readonly name: string;
  readonly uuid: string;
  readonly title: string | undefined;
  readonly architecture: Architecture;
  /** Whether the processor of the host runs the guest, or QEMU emulates one. */
  readonly accelerator: "kvm" | "tcg";
  readonly firmware: "bios" | "uefi";
  /** The file that UEFI keeps its variables in, such as what to boot from. */
  readonly variablesPath: string;
  readonly vcpus: number;
  /** How many it can be given while it runs; undefined: all stay as they are at its start. */
  readonly maxVcpus: number | undefined;
  readonly memoryMb: number;
  /** How much it can be given while it runs. */
  readonly maxMemoryMb: number;
  readonly disks: readonly MachineDisk[];
  readonly interfaces: readonly MachineInterface[];
  /** The file that takes in what the guest writes to its serial console. libvirt's log daemon bounds its size. */
  readonly consoleLog: string;
  readonly vncPassword: string | undefined;
}

/** The kinds of processors that machines are made for. */
export type Architecture = "x86_64" | "aarch64";

/** A disk as the machine has it. */
export interface MachineDisk {
  readonly path: string;
  /** Unique in the machine; names its bus as well. */
  readonly device: string;
  readonly format: "qcow2" | "raw";
  readonly kind: "disk" | "cdrom";
  /** From 1; undefined: the machine does not boot from it. */
  readonly bootOrder: number | undefined;
}

/** Whether a disk is a device of the host rather than a file. */
export function isDevice({ path }: Pick<MachineDisk, "path">): boolean {
  return path.startsWith("/dev/");
}

/** An interface as the machine has it. */
export interface MachineInterface {
  readonly source: { readonly kind: "network" | "bridge"; readonly name: string };
  readonly mac: string;
}

/** What a machine is decided by, besides its spec. */
export interface MachineSurroundings {
  readonly nodeId: string;
  readonly architecture: Architecture;
  readonly accelerator: "kvm" | "tcg";
  /** Where disks are that have neither a path nor a pool. */
  readonly diskFolder: string;
  /** The folders of libvirt's storage pools that the spec names, by their names. */
  readonly pools: ReadonlyMap<string, string>;
  readonly consoleLog: string;
  /** The file for the variables of its firmware. */
  readonly variablesPath: string;
  /** The cdrom from which the guest learns what it is to be; undefined: it has none. */
  readonly seedPath: string | undefined;
  /** The networks of libvirt's own: any other name is that of a bridge. */
  readonly networks: ReadonlySet<string>;
}

/** The network of an interface that names none. */
const networkDefault = "default";

/** The machine of a target, with all defaults. Pure: the same for the same target and surroundings. */
export function machineOf(
  target: Pick<Target, "id" | "uid">,
  spec: VmSpec,
  surroundings: MachineSurroundings,
): Machine {
  const { nodeId, architecture, accelerator, consoleLog, variablesPath } = surroundings;
  const { name = "", firmware = "", vcpus, maxVcpus = 0, memoryMb, maxMemoryMb = 0, vnc } = spec;
  return {
    name: target.id,
    uuid: machineUuid(target, nodeId),
    title: name === "" ? undefined : name,
    architecture,
    accelerator,
    // Machines of ARM know no BIOS.
    firmware: firmware === "uefi" || architecture === "aarch64" ? "uefi" : "bios",
    vcpus,
    // QEMU adds no processors to machines of ARM that run.
    maxVcpus: maxVcpus === 0 || architecture === "aarch64" ? undefined : Math.max(maxVcpus, vcpus),
    memoryMb,
    maxMemoryMb: Math.max(maxMemoryMb, memoryMb),
    disks: disksOf(target, spec.disks ?? [], surroundings),
    interfaces: (spec.networks ?? []).map((it, at) =>
      interfaceOf(it, surroundings.networks, machineMac(target, nodeId, at)),
    ),
    consoleLog,
    variablesPath,
    vncPassword: vnc?.password,
  };
}

/** The file of a disk that the spec gives no path: by workload and device, the last of which has no `-`, so that no two share one. */
function defaultDiskPath(
  { id }: Pick<Target, "id">,
  { device, format }: Pick<MachineDisk, "device" | "format">,
  folder: string,
): string {
  return join(folder, `${id}-${device}.${format === "raw" ? "img" : "qcow2"}`);
}

function disksOf(
  target: Pick<Target, "id">,
  specs: readonly DiskSpec[],
  { diskFolder, pools, seedPath }: MachineSurroundings,
): readonly MachineDisk[] {
  const devices = devicesOf(specs);
  const orders = bootOrders(specs);
  const disks = specs.map((spec, at): MachineDisk => {
    const device = devices[at] ?? "";
    const format = isCdrom(spec) || spec.format === "raw" ? "raw" : "qcow2";
    const path = spec.path ?? "";
    const folder = pools.get(spec.pool ?? "") ?? diskFolder;
    return {
      device,
      format,
      path: path === "" ? defaultDiskPath(target, { device, format }, folder) : path,
      kind: isCdrom(spec) ? "cdrom" : "disk",
      bootOrder: orders[at],
    };
  });
  if (seedPath === undefined) return disks;
  const device = freeDevice("sd", new Set(devices));
  return [...disks, { path: seedPath, device, format: "raw", kind: "cdrom", bootOrder: undefined }];
}

/** Those that are named first: others get what is left, in their order. */
function devicesOf(specs: readonly DiskSpec[]): readonly string[] {
  const taken = new Set(specs.map((it) => it.device ?? ""));
  return specs.map((spec) => {
    const named = spec.device ?? "";
    if (named !== "") return named;
    const device = freeDevice(isCdrom(spec) ? "sd" : "vd", taken);
    taken.add(device);
    return device;
  });
}

/** `vda` to `vdz`: more than a machine may have disks. */
function freeDevice(bus: "sd" | "vd", taken: ReadonlySet<string>): string {
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const free = letters.find((it) => !taken.has(`${bus}${it}`));
  return `${bus}${free ?? "za"}`;
}

/** From those that say so; else from all, disks before cdroms: an installer starts as long as the disk is empty. */
function bootOrders(specs: readonly DiskSpec[]): readonly (number | undefined)[] {
  const chosen = specs.filter((it) => it.boot === true);
  const disks = specs.filter((it) => !isCdrom(it));
  const inOrder = chosen.length > 0 ? chosen : [...disks, ...specs.filter(isCdrom)];
  return specs.map((it) => {
    const at = inOrder.indexOf(it);
    return at < 0 ? undefined : at + 1;
  });
}

function interfaceOf(
  { network = "", macAddress = "" }: NetworkSpec,
  networks: ReadonlySet<string>,
  derivedMac: string,
): MachineInterface {
  const name = network === "" ? networkDefault : network;
  const isNetwork = networks.has(name) || name === networkDefault;
  return {
    source: { kind: isNetwork ? "network" : "bridge", name },
    mac: macAddress === "" ? derivedMac : macAddress.toLowerCase(),
  };
}
