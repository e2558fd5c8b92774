import { open, stat } from "node:fs/promises";
import { AgentError } from "@persys/core";
import { isMissingFile } from "./disk-claim.ts";

/**
 * One file of a console's log. libvirt's log daemon begins another once one has 2 MiB, and renames the former `.0`, that before it `.1` and so on, of which
 * it keeps three (`max_size` and `max_backups` of virtlogd.conf).
 */
export interface ConsoleSegment {
  readonly path: string;
  /** Stays the same when it is renamed. */
  readonly inode: number;
  readonly sizeBytes: number;
  readonly writtenAtMs: number;
}

/** The longest piece that is read and handed out at once: what the port allows. */
export const pieceBytesMax: number = 64 * 1_024;

/** More backups than that nobody keeps. */
const backupsMax = 100;

/** The segments of a log, oldest first; none where nothing was written yet. @throws {AgentError} PERMISSION_DENIED, STORAGE_ERROR */
export async function consoleSegments(path: string): Promise<readonly ConsoleSegment[]> {
  const found: ConsoleSegment[] = [];
  const current = await segmentAt(path);
  for (let at = 0; at < backupsMax; at += 1) {
    const backup = await segmentAt(`${path}.${at}`);
    if (backup === undefined) break;
    found.unshift(backup);
  }
  if (current !== undefined) found.push(current);
  // What was renamed between two looks is seen twice.
  return found.filter((it, at) => found.findIndex((other) => other.inode === it.inode) === at);
}

/** The bytes of a segment from `offset`, at most one piece; empty at its end. Undefined: the path leads to another by now. */
export async function readSegment(
  { path, inode }: ConsoleSegment,
  offset: number,
): Promise<Buffer | undefined> {
  try {
    const file = await open(path, "r");
    try {
      if ((await file.stat()).ino !== inode) return undefined;
      const piece = Buffer.allocUnsafe(pieceBytesMax);
      const { bytesRead } = await file.read(piece, 0, pieceBytesMax, offset);
      return piece.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw logError(path, error);
  }
}

async function segmentAt(path: string): Promise<ConsoleSegment | undefined> {
  try {
    const { ino: inode, size: sizeBytes, mtimeMs: writtenAtMs } = await stat(path);
    return { path, inode, sizeBytes, writtenAtMs };
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw logError(path, error);
  }
}

function logError(path: string, cause: unknown): AgentError {
  const errno = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const isDenied = errno === "EACCES" || errno === "EPERM";
  const advice = isDenied ? ": libvirt's log daemon writes it for root alone; run as root" : "";
  return new AgentError(
    isDenied ? "PERMISSION_DENIED" : "STORAGE_ERROR",
    `the console log ${path} cannot be read (${errno})${advice}`,
    { retryable: !isDenied, effect: "none", cause },
  );
}
