import { basename, dirname } from "node:path";
import { AgentError, isWorkloadId, type Target } from "@persys/core";
import { hostPathResolver } from "../shared/host-path.ts";
import { realBasePath } from "./base-images.ts";
import type { WantedDisk } from "./disk-files.ts";
import type { Machine, MachineDisk } from "./machine.ts";
import type { VmSpec } from "./vm-spec.ts";
import type { DiskSpec } from "./vm-spec-disks.ts";

const gibibyte = 1_073_741_824;

/** What the disks of a machine are decided by. */
export interface DiskSurroundings {
  readonly spec: VmSpec;
  readonly machine: Pick<Machine, "disks">;
  readonly nodeId: string;
  readonly diskFolder: string;
  readonly imageFolder: string;
}

/**
 * The disks of a target's machine as they are made, cdroms left out.
 * @throws {AgentError} INVALID_SPEC where two of its disks are one file
 */
export async function machineDisks(
  { id, uid }: Pick<Target, "id" | "uid">,
  { spec, machine, nodeId, diskFolder, imageFolder }: DiskSurroundings,
): Promise<readonly WantedDisk[]> {
  assertNoneTwice(machine.disks);
  const { path: ownFolder } = await hostPathResolver()(diskFolder);
  const disks: WantedDisk[] = [];
  for (const [at, disk] of (spec.disks ?? []).entries()) {
    const made = machine.disks[at];
    if (made === undefined || made.kind === "cdrom") continue;
    const isNamed = (disk.path ?? "") !== "";
    const maker = isNamed && dirname(made.path) === ownFolder ? makerOf(made.path) : undefined;
    disks.push({
      path: made.path,
      format: made.format,
      sizeBytes: (disk.sizeGb ?? 0) === 0 ? undefined : (disk.sizeGb ?? 0) * gibibyte,
      base: await baseOf(disk, made.format, imageFolder),
      mayBeForeign: isNamed,
      reservedFor: maker === id ? undefined : maker,
      claim: { nodeId, id, uid, retained: disk.retainPolicy === "Retain" },
    });
  }
  return disks;
}

async function baseOf(
  { baseImage = "", baseImageSha256 = "", copyBaseImage = false }: DiskSpec,
  format: MachineDisk["format"],
  imageFolder: string,
): Promise<WantedDisk["base"]> {
  if (baseImage === "") return undefined;
  return {
    path: await realBasePath(baseImage, imageFolder),
    sha256: baseImageSha256 === "" ? undefined : baseImageSha256,
    // What is raw says nothing of another file that it stands on.
    copied: copyBaseImage || format === "raw",
  };
}

/** The workload whose disk of this name is made in the folder of disks; undefined where no disk is made under such a name. */
function makerOf(path: string): string | undefined {
  const [, id = ""] = /^(.+)-(?:vd|sd)[a-z]{1,2}\.(?:qcow2|img)$/.exec(basename(path)) ?? [];
  return isWorkloadId(id) ? id : undefined;
}

/** Only once links are followed and defaults are there it is known which files disks are. */
function assertNoneTwice(disks: readonly MachineDisk[]): void {
  for (const [at, { device, path }] of disks.entries()) {
    const first = disks.find((it) => it.path === path);
    if (first === undefined || first === disks[at]) continue;
    throw new AgentError(
      "INVALID_SPEC",
      `${device} would be the same file as ${first.device}, ${path}: give one of them another path`,
      { fault: "user", effect: "none" },
    );
  }
}
