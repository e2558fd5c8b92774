import type { Target } from "@persys/core";
import { realBasePath } from "./base-images.ts";
import type { WantedDisk } from "./disk-files.ts";
import type { Machine } from "./machine.ts";
import type { VmSpec } from "./vm-spec.ts";

const gibibyte = 1_073_741_824;

/** What the disks of a machine are decided by. */
export interface DiskSurroundings {
  readonly spec: VmSpec;
  readonly machine: Machine;
  readonly nodeId: string;
  readonly imageFolder: string;
}

/** The disks of a target's machine as they are made, cdroms left out. @throws {AgentError} IMAGE_NOT_FOUND for a base image that is not there */
export async function machineDisks(
  { id, uid }: Pick<Target, "id" | "uid">,
  { spec, machine, nodeId, imageFolder }: DiskSurroundings,
): Promise<readonly WantedDisk[]> {
  const disks: WantedDisk[] = [];
  for (const [at, disk] of (spec.disks ?? []).entries()) {
    const made = machine.disks[at];
    if (made === undefined || made.kind === "cdrom") continue;
    const { baseImage = "", baseImageSha256 = "", copyBaseImage = false, sizeGb = 0 } = disk;
    const base = baseImage === "" ? undefined : await realBasePath(baseImage, imageFolder);
    disks.push({
      path: made.path,
      format: made.format,
      sizeBytes: sizeGb === 0 ? undefined : sizeGb * gibibyte,
      base:
        base === undefined
          ? undefined
          : {
              path: base,
              sha256: baseImageSha256 === "" ? undefined : baseImageSha256,
              copied: copyBaseImage,
            },
      mayBeForeign: (disk.path ?? "") !== "",
      claim: { nodeId, id, uid, retained: disk.retainPolicy === "Retain" },
    });
  }
  return disks;
}
