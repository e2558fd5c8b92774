import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import type { LimitedStorage } from "@persys/conformance";

const diskMib = 16;
const roomBytes = 2 ** 21;

/** A state folder on a small disk in memory; undefined where this user may not mount one. */
export function limitedFolder(nodeId: string): (() => Promise<LimitedStorage>) | undefined {
  return mayMount() ? () => limitedStorage(nodeId) : undefined;
}

async function limitedStorage(nodeId: string): Promise<LimitedStorage> {
  const disk = mount();
  if (disk === undefined) throw new Error("a disk in memory could be mounted before, but not now");
  const ballast = join(disk, "ballast");
  return {
    store: () => new LmdbStateStore({ path: join(disk, "state"), nodeId }),
    fill: async () => {
      const { bavail, bsize } = await statfs(disk);
      const file = await open(ballast, "w");
      try {
        await file.write(Buffer.alloc(Math.max(0, bavail * bsize - roomBytes)));
      } finally {
        await file.close();
      }
    },
    free: () => rm(ballast),
    dispose: async () => unmount(disk),
  };
}

let mayMountHere: boolean | undefined;

/** Whether this user may mount a disk in memory. */
export function mayMount(): boolean {
  if (mayMountHere === undefined) {
    const disk = mount();
    mayMountHere = disk !== undefined;
    if (disk !== undefined) unmount(disk);
  }
  return mayMountHere;
}

function mount(): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), "persys-small-disk-"));
  const words = ["-t", "tmpfs", "-o", `size=${diskMib}m`, "persys-test", disk];
  const { status } = spawnSync("mount", words, { stdio: "ignore" });
  if (status === 0) return disk;
  rmSync(disk, { recursive: true });
  return undefined;
}

function unmount(disk: string): void {
  const { status, stderr } = spawnSync("umount", [disk], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${disk} cannot be unmounted: ${stderr}`);
  rmSync(disk, { recursive: true });
}
