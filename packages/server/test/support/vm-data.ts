import { open, stat } from "node:fs/promises";
import type { VmWorkload } from "./vm-node.ts";

/** Where a machine without a system, which only its firmware runs in, never writes. */
const offsetBytes = 1_048_576;

/** What data on a disk are made of. */
const pattern = Buffer.from("kept through everything. ".repeat(100));

/** A machine that starts in a moment, finds nothing to boot, and stays. Its disk is raw, so that what is on it can be seen from outside. */
export function idleMachine({ memoryMb = 32n, sizeGb = 1n } = {}): VmWorkload {
  return { vcpus: 1, memoryMb, disks: [{ sizeGb, format: "raw" }], stopGraceSeconds: 1 };
}

/** Writes data to a raw disk. */
export async function writeData(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.write(pattern, 0, pattern.length, offsetBytes);
  } finally {
    await file.close();
  }
}

/** Whether the data are on a raw disk. */
export async function hasData(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(
      Buffer.alloc(pattern.length),
      0,
      pattern.length,
      offsetBytes,
    );
    return buffer.equals(pattern);
  } finally {
    await file.close();
  }
}

/** The size of a raw disk in GiB. */
export async function sizeGbOf(path: string): Promise<number> {
  return (await stat(path)).size / 1_073_741_824;
}
