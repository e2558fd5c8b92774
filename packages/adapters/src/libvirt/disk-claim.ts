import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError } from "@persys/core";
import { z } from "zod";

/** Says of a file of a disk that we made it, for whom, and what becomes of it. Lies beside it, and was there before it. */
export interface DiskClaim {
  readonly nodeId: string;
  readonly id: string;
  /** Whether the disk stays when the workload is deleted. */
  readonly retained: boolean;
}

const schema: z.ZodType<DiskClaim> = z.strictObject({
  nodeId: z.string(),
  id: z.string(),
  retained: z.boolean(),
});

/** Where the claim of a disk is. */
export function claimPath(diskPath: string): string {
  return `${diskPath}.persys`;
}

/**
 * The claim on a disk; undefined where there is none: then the disk is somebody else's.
 * @throws {AgentError} STORAGE_ERROR for what cannot be read or understood: then nobody knows whose the disk is
 */
export async function readClaim(diskPath: string): Promise<DiskClaim | undefined> {
  let text: string;
  try {
    text = await readFile(claimPath(diskPath), "utf8");
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw claimError(diskPath, "cannot be read", error);
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw claimError(diskPath, "cannot be understood", parsed.error);
  return parsed.data;
}

/** Writes a claim, whole or not at all; it is on disk when this returns. @throws {AgentError} STORAGE_ERROR */
export async function writeClaim(diskPath: string, claim: DiskClaim): Promise<void> {
  const path = claimPath(diskPath);
  try {
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(claim));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw claimError(diskPath, "cannot be written", error);
  }
}

/** Removes a claim. What is not there already is fine. */
export async function removeClaim(diskPath: string): Promise<void> {
  await rm(claimPath(diskPath), { force: true });
  await rm(`${claimPath(diskPath)}.new`, { force: true });
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
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function claimError(diskPath: string, how: string, cause: unknown): AgentError {
  const path = claimPath(diskPath);
  const advice = `${path} says whose disk lies beside it; it ${how}`;
  return new AgentError("STORAGE_ERROR", advice, { retryable: true, effect: "none", cause });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
