import { open, rm, stat } from "node:fs/promises";
import { isNoSpace } from "./lmdb-errors.ts";

/** A disk that cannot take this much more is full, in bytes. */
const roomBytes = 2 ** 20;

/**
 * Whether a file beside `file` can be written where `file` ends: finds a full disk, a used-up quota and a limit on the size of files alike,
 * which the fill level of the disk alone does not. Leaves nothing behind. True also when something else than space is the matter.
 */
export async function hasRoomAfter(file: string): Promise<boolean> {
  const probe = `${file}.probe`;
  try {
    const { size } = await stat(file);
    const handle = await open(probe, "w", 0o600);
    try {
      const { bytesWritten } = await handle.write(Buffer.alloc(roomBytes), 0, roomBytes, size);
      return bytesWritten === roomBytes;
    } finally {
      await handle.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    return !isNoSpace(error);
  }
}
