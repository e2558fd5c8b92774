import { createHash } from "node:crypto";
import type { Target } from "@persys/core";

/**
 * The UUID of a workload's machine on a node: the same for every revision of one creation, another for the next creation of the same id. It has
 * the form of RFC 9562, version 8.
 */
export function machineUuid(target: Pick<Target, "id" | "uid">, nodeId: string): string {
  const bytes = digestOf(["uuid", nodeId, target.id, target.uid]).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The hardware address of an interface that the spec gives none, by its position: the same for every revision, so that leases stay. It begins
 * as those of QEMU do, with 32 bits of its own: the 24 that are left after QEMU's whole prefix meet by chance among some thousand machines.
 */
export function machineMac(
  target: Pick<Target, "id" | "uid">,
  nodeId: string,
  position: number,
): string {
  const bytes = digestOf(["mac", nodeId, target.id, target.uid, String(position)]);
  return [0x52, 0x54, ...bytes.subarray(0, 4)]
    .map((it) => it.toString(16).padStart(2, "0"))
    .join(":");
}

/** Each word with its length, so that no two lists are written alike. */
function digestOf(words: readonly string[]): Buffer {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${Buffer.byteLength(word)}:${word}`);
  return hash.digest();
}
