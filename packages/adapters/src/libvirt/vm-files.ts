import { chmod, lstat, mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import {
  AgentError,
  type Progress,
  type SpecDigest,
  type Target,
  type WorkloadId,
} from "@persys/core";
import type { DhcpHosts, Reservation } from "./dhcp-hosts.ts";
import type { DhcpLeases } from "./dhcp-leases.ts";
import { isMissingFile } from "./disk-claim.ts";
import { ensureDisk, growDisk, removeDisk, settleDisk, type WantedDisk } from "./disk-files.ts";
import type { SeenDomain } from "./seen-domain.ts";
import { holdingOf } from "./domain-holding.ts";
import { isDevice, type Machine } from "./machine.ts";
import type { MachineFiles } from "./machine-files.ts";
import type { MachineMaking } from "./machine-making.ts";
import { machineBody } from "./machine-body.ts";
import { hasScreen, withScreenPassword } from "./screen-password.ts";
import { makeSeedImage } from "./seed-image.ts";
import { seedFilesOf, wantsSeed } from "./seed-files.ts";
import { machineDisks } from "./vm-disks.ts";
import type { OnNetwork, VmFolders } from "./vm-folders.ts";
import { specOf, type VmMachines } from "./vm-machines.ts";

/** What the files of machines stand on. */
export interface VmFilesContext {
  readonly folders: VmFolders;
  readonly machines: VmMachines;
  readonly dhcpHosts: DhcpHosts;
  readonly dhcpLeases: DhcpLeases;
  readonly nodeId: string;
  readonly diskFolder: string;
  readonly imageFolder: string;
}

/** How something is prepared. */
interface Preparing {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** One making of a machine, and how it is described. */
interface Making extends Pick<MachineMaking, "instance" | "hasRun"> {
  readonly describe: (machine: Machine) => string;
}

/** QEMU's own user has to get through to the disks, and need not see which there are. */
const diskFolderMode = 0o711;

/** What machines have on the host besides their definitions: disks, and what they are told at their first boot. */
export class VmFiles implements MachineFiles {
  readonly #context: VmFilesContext;

  constructor(context: VmFilesContext) {
    this.#context = context;
  }

  /**
   * Makes what is missing of a machine's files. What is there stays as it is, whoever uses it.
   * @throws {AgentError} INVALID_SPEC, IMAGE_NOT_FOUND, NAME_CONFLICT, STORAGE_ERROR; RUNTIME_ERROR where a program of the host is missing
   */
  async make(target: Target, machine: Machine, { signal, progress }: Preparing): Promise<void> {
    const { folders } = this.#context;
    const disks = await this.#disksOf(target, machine);
    await assertThere(
      machine.disks.filter((it) => it.kind === "cdrom" && it.path !== folders.seedOf(target)),
      (path) => new AgentError("IMAGE_NOT_FOUND", `there is no cdrom ${path}`, { effect: "none" }),
    );
    await folders.ensure(target.id);
    // In the index before they are made: what is made is found, whatever becomes of this call.
    const reservations = reservationsOf(target, machine);
    const policies = disks.map(({ path, claim: { retained } }) => ({
      digest: target.specDigest,
      path,
      retained,
    }));
    const paths = disks.map((it) => it.path);
    const interfaces = interfacesOf(machine);
    await folders.note(target.id, { disks: paths, policies, reservations, interfaces });
    await this.#makeDiskFolder();
    const { seen } = await folders.madeFor(target.id);
    for (const disk of disks) {
      if (seen.includes(disk.path) && !(await isThere(disk.path))) throw lost(disk.path);
      progress(`making the disk ${disk.path}`);
      await ensureDisk(disk, signal);
    }
    await folders.note(target.id, { seen: disks.map((it) => it.path) });
    await this.#makeSeed(target, machine, { signal, progress });
    for (const it of reservations) await this.#context.dhcpHosts.reserve(target.id, it, signal);
  }

  async assertPrepared(target: Target, signal: AbortSignal): Promise<void> {
    const machine = await this.#context.machines.machineOf(target, signal);
    await assertThere(
      machine.disks,
      (path) =>
        new AgentError("NOT_PREPARED", `${path} is not there: it is made anew`, {
          retryable: true,
          effect: "none",
        }),
    );
  }

  async makePlace(id: WorkloadId): Promise<void> {
    await this.#context.folders.ensure(id);
  }

  async grow(target: Target, signal: AbortSignal): Promise<void> {
    const machine = await this.#context.machines.machineOf(target, signal);
    // A device is as large as it is.
    for (const disk of await this.#disksOf(target, machine))
      if (!isDevice(disk)) await growDisk(disk, signal);
  }

  /**
   * Lets the current revision alone say from now on which disks stay when the workload is deleted; until it has settled, each does that any
   * revision wants to stay. Removes what was prepared for digests that are not kept, and is no part of what is there; disks stay.
   * @throws {AgentError} STORAGE_ERROR
   */
  async tidy(
    id: WorkloadId,
    seen: SeenDomain | undefined,
    keepDigests: readonly SpecDigest[],
  ): Promise<void> {
    const { folders } = this.#context;
    const { current, kept, former } = seen?.ownership ?? {};
    // What runs may be of an earlier definition, and reads and writes on where that says.
    const ofMachine = [seen?.definition, seen?.running].flatMap((it) =>
      it === undefined ? [] : [it.consoleLog ?? "", ...it.disks.map(({ path }) => path)],
    );
    const ofMakings = [current, kept, former].flatMap((it) =>
      it === undefined ? [] : [folders.screenOf(id, it.instance), folders.bodyOf(id, it.instance)],
    );
    const uid = (current ?? kept)?.uid;
    const variables = uid === undefined ? [] : [folders.variablesOf({ id, uid })];
    const paths = [...ofMachine, ...ofMakings, ...variables];
    // Where somebody has removed the definition, nobody knows whose variables there are: it is defined again with its own.
    await folders.tidy(id, { paths, digests: keepDigests, variables: uid === undefined });
    // What is defined and has yet to take effect says nothing yet.
    const settled = seen === undefined ? undefined : holdingOf(seen).current;
    if (settled === undefined) return;
    const { policies } = await folders.madeFor(id);
    for (const { digest, path, retained } of policies)
      if (digest === settled.specDigest)
        await settleDisk({ path, claim: { id, nodeId: this.#context.nodeId, retained } });
    const digests = [current, settled].flatMap((it) => (it === undefined ? [] : [it.specDigest]));
    await folders.dropPolicies(id, [...keepDigests, ...digests]);
  }

  async withSecrets(id: WorkloadId, instance: string, xml: string): Promise<string> {
    if (!hasScreen(xml)) return xml;
    const { folders } = this.#context;
    const password = await folders.secretIn(folders.screenOf(id, instance));
    const whole = password === undefined ? undefined : withScreenPassword(xml, password);
    if (whole !== undefined) return whole;
    throw new AgentError(
      "STORAGE_ERROR",
      `the password of the screen of ${id} is lost: it would be open to everybody on this host`,
      { retryable: true, effect: "none" },
    );
  }

  async isResized(id: WorkloadId, one: string, other: string): Promise<boolean> {
    const { folders } = this.#context;
    const [first, second] = await Promise.all(
      [one, other].map((it) => folders.secretIn(folders.bodyOf(id, it))),
    );
    return first !== undefined && first === second;
  }

  /**
   * Writes down what is secret of a making of a target's machine, before it is made; of one that has run, what that was made of stays.
   * @throws {AgentError} STORAGE_ERROR
   */
  async keepSecrets(
    target: Target,
    machine: Machine,
    { instance, hasRun, describe }: Making,
  ): Promise<void> {
    const { folders } = this.#context;
    const { id } = target;
    const { vncPassword } = machine;
    if (vncPassword !== undefined)
      await folders.keepSecret(id, folders.screenOf(id, instance), vncPassword);
    if (hasRun) return;
    const seedPath = folders.seedOf(target);
    const body = machineBody(machine, { spec: specOf(target), seedPath, describe });
    await folders.keepSecret(id, folders.bodyOf(id, instance), body);
  }

  async disksOf(id: WorkloadId): Promise<readonly string[]> {
    return (await this.#context.folders.madeFor(id)).disks;
  }

  async removeDisks(id: WorkloadId): Promise<void> {
    const { folders, nodeId } = this.#context;
    const { disks } = await folders.madeFor(id);
    for (const path of disks) await removeDisk(path, { id, nodeId });
  }

  async removeRest(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { dhcpHosts, dhcpLeases, folders } = this.#context;
    const { reservations, interfaces } = await folders.madeFor(id);
    for (const it of reservations) await dhcpHosts.release(id, it, signal);
    await dhcpLeases.release(id, interfaces, signal);
    await folders.remove(id);
  }

  #disksOf(target: Target, machine: Machine): Promise<readonly WantedDisk[]> {
    return machineDisks(target, { ...this.#context, spec: specOf(target), machine });
  }

  async #makeDiskFolder(): Promise<void> {
    const { diskFolder } = this.#context;
    try {
      const made = await mkdir(diskFolder, { recursive: true });
      if (made !== undefined) await chmod(diskFolder, diskFolderMode);
    } catch (cause) {
      throw storageError(`make the folder ${diskFolder}`, cause);
    }
  }

  /** The files of a seed follow from the target: one that is there is the right one. */
  async #makeSeed(
    target: Target,
    machine: Machine,
    { signal, progress }: Preparing,
  ): Promise<void> {
    const spec = specOf(target);
    const path = this.#context.folders.seedOf(target);
    if (!wantsSeed(spec) || (await isThere(path))) return;
    progress("making the image for cloud-init");
    await makeSeedImage(seedFilesOf(spec, machine), path, signal);
  }
}

/** The static addresses of a machine on networks of libvirt's own, of version 4: its DHCP knows guests of version 6 by other things than hardware. */
function reservationsOf(target: Target, machine: Machine): readonly Reservation[] {
  const { networks = [] } = specOf(target);
  return machine.interfaces.flatMap(({ mac, source }, at) => {
    const [address = ""] = (networks[at]?.ipAddress ?? "").split("/");
    const isReserved = source.kind === "network" && isIP(address) === 4;
    return isReserved ? [{ network: source.name, mac, address }] : [];
  });
}

/** What networks of libvirt's own may give leases to. */
function interfacesOf(machine: Machine): readonly OnNetwork[] {
  return machine.interfaces.flatMap(({ mac, source }) =>
    source.kind === "network" ? [{ network: source.name, mac }] : [],
  );
}

/** Its folder may be a mount that is missing: a blank disk in its place would be taken for it, and for the truth. */
function lost(path: string): AgentError {
  return new AgentError(
    "STORAGE_ERROR",
    `the disk ${path} has been there and is not now: see that its folder is mounted. If it is lost, delete the workload to begin anew`,
    { retryable: true, effect: "none" },
  );
}

async function assertThere(
  files: readonly { readonly path: string }[],
  errorOf: (path: string) => AgentError,
): Promise<void> {
  for (const { path } of files) if (!(await isThere(path))) throw errorOf(path);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissingFile(error)) return false;
    throw storageError(`look at ${path}`, error);
  }
}

function storageError(doing: string, cause: unknown): AgentError {
  const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  return new AgentError("STORAGE_ERROR", `could not ${doing}: ${why}`, { retryable: true, cause });
}
