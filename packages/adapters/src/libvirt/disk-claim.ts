import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError } from "@persys/core";
import { z } from "zod";
import { linkNew } from "./linked-files.ts";

/** Says of a file of a disk that we made it, for whom, and what becomes of it. Lies beside it, and was there before it. */
export interface DiskClaim {
  readonly nodeId: string;
  readonly id: string;
  /** Which creation of that id. Left out by earlier versions. */
  readonly uid?: string | undefined;
  /** Whether the disk stays when the workload is deleted. */
  readonly retained: boolean;
  /** What the disk was made as. Left out by earlier versions. */
  readonly format?: "qcow2" | "raw" | undefined;
}

const schema: z.ZodType<DiskClaim> = z.strictObject({
  nodeId: z.string(),
  id: z.string(),
  uid: z.string().optional(),
  retained: z.boolean(),
  format: z.enum(["qcow2", "raw"]).optional(),
});

/** No claim is longer. */
const bytesMax = 4_096;

/** Where the claim of a disk is. */
export function claimPath(diskPath: string): string {
  return `${diskPath}.persys`;
}

/**
 * The claim on a disk; undefined where there is none: then the disk is somebody else's. Only a file of the agent's own account is one.
 * @throws {AgentError} STORAGE_ERROR for what cannot be read or understood: then nobody knows whose the disk is
 */
export async function readClaim(diskPath: string): Promise<DiskClaim | undefined> {
  let text: string;
  try {
    text = await readOwnFile(claimPath(diskPath));
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw claimError(diskPath, "cannot be read", error);
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw claimError(diskPath, "cannot be understood", parsed.error);
  return parsed.data;
}

/**
 * Writes the first claim on a disk, whole or not at all; it is on disk when this returns. Of several at once one is told that it was first.
 * @returns whether it was. @throws {AgentError} STORAGE_ERROR
 */
export async function placeClaim(diskPath: string, claim: DiskClaim): Promise<boolean> {
  return written(diskPath, claim, linkNew);
}

/** Writes another claim in the place of one that is there. @throws {AgentError} STORAGE_ERROR */
export async function writeClaim(diskPath: string, claim: DiskClaim): Promise<void> {
  await written(diskPath, claim, async (from, to) => {
    await rename(from, to);
    return true;
  });
}

/** Removes a claim, and one that was never finished. What is not there already is fine. */
export async function removeClaim(diskPath: string): Promise<void> {
  await rm(claimPath(diskPath), { force: true });
  await removeUnfinishedClaim(diskPath);
}

/** Removes what is left of a claim that was never finished. */
export async function removeUnfinishedClaim(diskPath: string): Promise<void> {
  await rm(`${claimPath(diskPath)}.new`, { force: true });
}

/** Makes a file that is not there, for its owner alone. A link of that name is followed nowhere. */
export function openNew(path: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** Whether what has this name now is the file that is open. */
export async function isSameFile(path: string, file: FileHandle): Promise<boolean> {
  const [named, opened] = await Promise.all([
    lstat(path, { bigint: true }),
    file.stat({ bigint: true }),
  ]);
  return named.dev === opened.dev && named.ino === opened.ino;
}

/** Puts what was renamed or removed in a folder on disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether a file is not there, rather than out of reach. */
export function isMissingFile(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

async function written(
  diskPath: string,
  claim: DiskClaim,
  publish: (from: string, to: string) => Promise<boolean>,
): Promise<boolean> {
  const path = claimPath(diskPath);
  const unfinished = `${path}.new`;
  try {
    await rm(unfinished, { force: true });
    const file = await openNew(unfinished);
    try {
      await file.writeFile(JSON.stringify(claim));
      await file.sync();
      const isPublished = await publish(unfinished, path);
      if (isPublished && !(await isSameFile(path, file)))
        throw new Error("somebody else writes to it");
      return isPublished;
    } finally {
      await file.close();
      await rm(unfinished, { force: true });
      await syncFolder(dirname(path));
    }
  } catch (error) {
    if (AgentError.is(error)) throw error;
    throw claimError(diskPath, "cannot be written", error);
  }
}

/** Opening a pipe would wait for whoever writes to it, and a link leads to a file that somebody else chose. */
async function readOwnFile(path: string): Promise<string> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    const found = await file.stat();
    const isOwn = found.uid === (process.getuid?.() ?? found.uid);
    if (!found.isFile() || found.size > bytesMax || !isOwn)
      throw new Error("it is no file that this agent has written");
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

function claimError(diskPath: string, how: string, cause: unknown): AgentError {
  const path = claimPath(diskPath);
  const advice = `${path} says whose disk lies beside it; it ${how}`;
  return new AgentError("STORAGE_ERROR", advice, { retryable: true, effect: "none", cause });
}

function errnoOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
