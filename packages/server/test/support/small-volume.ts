import { execFile } from "node:child_process";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Until } from "../../../../test/until-suite-ends.ts";

const run = promisify(execFile);

/** A file system in memory with room for 64 MiB, to be mounted before whoever is to see it starts. */
export class SmallVolume {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mounted(until: Until): Promise<SmallVolume> {
    const path = await mkdtemp(join(tmpdir(), "persys-small-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=64m", "small", path]);
    until(async () => {
      // A daemon with a mount namespace of its own may use it still.
      await run("umount", ["-l", path]);
      await rmdir(path);
    });
    return new SmallVolume(path);
  }

  /** Makes room for 512 MiB, for all who see it. */
  async grow(): Promise<void> {
    await run("mount", ["-o", "remount,size=512m", this.path]);
  }
}
