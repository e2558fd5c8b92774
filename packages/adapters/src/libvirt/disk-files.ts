import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { AgentError } from "@persys/core";
import {
  type DiskClaim,
  isMissingFile,
  isSameFile,
  openNew,
  placeClaim,
  readClaim,
  removeClaim,
  removeUnfinishedClaim,
  syncFolder,
  writeClaim,
} from "./disk-claim.ts";
import { linkNew } from "./linked-files.ts";
import type { ImageFormat } from "./image-format.ts";
import { createImage, growImage, imageInfo } from "./qemu-img.ts";

/** A disk as a revision wants it. */
export interface WantedDisk {
  readonly path: string;
  readonly format: ImageFormat;
  /** Undefined: the spec states none. */
  readonly sizeBytes: number | undefined;
  readonly base: BaseImage | undefined;
  readonly claim: DiskClaim;
  /** Whether a disk that is there may be somebody else's: the spec names it. Else it has to be one that was made for the workload. */
  readonly mayBeForeign: boolean;
  /** The other workload whose disk of this name would be made here: none is made for anybody else. */
  readonly reservedFor?: string | undefined;
}

/** What a new disk is made from. */
interface BaseImage {
  readonly path: string;
  /** In hexadecimal; undefined: not verified. */
  readonly sha256: string | undefined;
  readonly copied: boolean;
}

/** Files in a chain of images: more is no image that anybody made on purpose. */
const chainMax = 16;

/**
 * Makes a disk that is not there: blank, or from its base. One that is there stays, data and all. May be called again after whatever kept it
 * from finishing: a disk is there whole or not at all, and is claimed before it is there.
 * @throws {AgentError} NAME_CONFLICT for a disk that was made for another workload, or by somebody else where that may not be; INVALID_SPEC for
 *   a blank disk without a size, one that would be made where another workload's is, one that was made in another format, a base that is smaller than it should be or other than its checksum;
 *   IMAGE_NOT_FOUND for a base that is not there; STORAGE_ERROR
 */
export async function ensureDisk(disk: WantedDisk, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const claim = await readClaim(disk.path);
  const isThere = await exists(disk.path);
  if (claim === undefined) {
    if (isThere && disk.mayBeForeign) return;
    if (isThere) throw strangersDisk(disk.path);
    if (disk.reservedFor !== undefined) throw reservedName(disk.path, disk.reservedFor);
    if (!(await placeClaim(disk.path, { ...disk.claim, format: disk.format })))
      throw new AgentError("STORAGE_ERROR", `somebody else has just claimed ${disk.path}`, {
        retryable: true,
        effect: "none",
      });
  } else {
    assertClaimed(disk, claim, isThere);
    const made = isThere ? (claim.format ?? disk.format) : disk.format;
    // Until the revision has settled, what the one before it says counts as well: it may be gone back to.
    const retained = disk.claim.retained || (claim.retained && claim.uid === disk.claim.uid);
    const wanted = { ...disk.claim, retained, format: made };
    if (!isSameClaim(claim, wanted)) await writeClaim(disk.path, wanted);
  }
  if (!isThere) await makeDisk(disk, signal);
}

/**
 * Lets the claim on a disk say of its retention what the revision says that has settled. One that was not made for the workload is not touched.
 * @throws {AgentError} STORAGE_ERROR
 */
export async function settleDisk({
  path,
  claim: wanted,
}: Pick<WantedDisk, "claim" | "path">): Promise<void> {
  const claim = await readClaim(path);
  if (claim?.id !== wanted.id || claim.nodeId !== wanted.nodeId) return;
  if (claim.retained !== wanted.retained)
    await writeClaim(path, { ...claim, retained: wanted.retained });
}

/**
 * Makes a disk that no machine uses as large as it is wanted. It never shrinks, and one that was not made for the workload stays as it is.
 * @throws {AgentError} STORAGE_ERROR
 */
export async function growDisk(disk: WantedDisk, signal: AbortSignal): Promise<void> {
  const { path, format, sizeBytes } = disk;
  if (sizeBytes === undefined) return;
  const claim = await readClaim(path);
  if (claim?.id !== disk.claim.id || claim.nodeId !== disk.claim.nodeId) return;
  await growImage({ path, format, sizeBytes }, signal);
}

function assertClaimed(
  { path, claim: wanted, format }: WantedDisk,
  claim: DiskClaim,
  isThere: boolean,
): void {
  if (claim.id !== wanted.id || claim.nodeId !== wanted.nodeId)
    throw new AgentError("NAME_CONFLICT", `${path} is the disk of the workload ${claim.id}`, {
      effect: "none",
    });
  if (!isThere) return;
  // What was to stay is for the next of its name; anything else of an earlier one has data that are nobody's to have.
  if (!claim.retained && (claim.uid ?? wanted.uid) !== wanted.uid)
    throw new AgentError(
      "NAME_CONFLICT",
      `${path} is the disk of an earlier workload ${claim.id}, which should be gone: remove it and its .persys, or move both away`,
      { effect: "none", retryable: true },
    );
  if ((claim.format ?? format) !== format)
    throw new AgentError(
      "INVALID_SPEC",
      `${path} was made as ${claim.format}, and as ${format} a guest would destroy what is on it: leave its format, or name another path`,
      { fault: "user", effect: "none" },
    );
}

function isSameClaim(claim: DiskClaim, wanted: DiskClaim): boolean {
  const { uid, retained, format } = wanted;
  return claim.uid === uid && claim.retained === retained && claim.format === format;
}

function reservedName(path: string, id: string): AgentError {
  return new AgentError(
    "INVALID_SPEC",
    `${path} is where a disk of the workload ${id} is made, which could then never be: name another path`,
    { fault: "user", effect: "none" },
  );
}

function strangersDisk(path: string): AgentError {
  const advice =
    "it was not made for this workload: move it away, or name it as `path` if it is to be used";
  return new AgentError("NAME_CONFLICT", `${path} is there, and ${advice}`, {
    effect: "none",
    retryable: true,
  });
}

/**
 * Removes a disk that was made for the workload, with its claim. One that is retained stays with its claim, for the next machine of the same
 * workload. A disk of anybody else is not touched. Called again, or where nothing is, it succeeds. @throws {AgentError} STORAGE_ERROR
 */
export async function removeDisk(
  path: string,
  owner: Pick<DiskClaim, "id" | "nodeId">,
): Promise<void> {
  const claim = await readClaim(path);
  if (claim === undefined) await removeUnfinishedClaim(path);
  if (claim?.id !== owner.id || claim.nodeId !== owner.nodeId) return;
  try {
    await rm(unfinished(path), { force: true });
    if (claim.retained && (await exists(path))) return;
    await rm(path, { force: true });
    // The claim last: what is left without one would be nobody's.
    await removeClaim(path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw storageError(`remove the disk ${path}`, error);
  }
}

/** The files that an image stands on, itself first. None is opened that is not looked at by `admit` first, which throws for what may not be. */
export async function imageChain(
  path: string,
  format: ImageFormat | undefined,
  { admit, signal }: { admit: (path: string) => Promise<void>; signal: AbortSignal },
): Promise<readonly string[]> {
  const chain: string[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    if (chain.includes(next) || chain.length === chainMax)
      throw new AgentError("INVALID_SPEC", `the image ${path} stands on itself, or on too many`, {
        fault: "user",
        effect: "none",
      });
    await admit(next);
    const info = await imageInfo(next, chain.length === 0 ? format : undefined, signal);
    chain.push(next);
    next = info.backingPath;
  }
  return chain;
}

async function makeDisk(disk: WantedDisk, signal: AbortSignal): Promise<void> {
  const { path, format, sizeBytes, base } = disk;
  if (base === undefined && sizeBytes === undefined)
    throw new AgentError(
      "INVALID_SPEC",
      `the disk ${path} is not there, and has no size to be made of`,
      {
        fault: "user",
        effect: "none",
      },
    );
  const temporary = unfinished(path);
  let file: FileHandle | undefined;
  try {
    const from = base && { ...base, format: await verifiedFormat(disk, base, signal) };
    await rm(temporary, { force: true });
    file = await openNew(temporary);
    await createImage({ fd: file.fd, format, sizeBytes, base: from }, signal);
    await file.sync();
    if (!(await linkNew(temporary, path)) || !(await isSameFile(path, file)))
      throw new Error("somebody else writes to its folder");
    await syncFolder(dirname(path));
  } catch (error) {
    signal.throwIfAborted();
    throw storageError(`make the disk ${path}`, error);
  } finally {
    await file?.close();
    await rm(temporary, { force: true });
  }
}

async function verifiedFormat(
  { path, sizeBytes }: WantedDisk,
  base: BaseImage,
  signal: AbortSignal,
): Promise<ImageFormat> {
  if (!(await exists(base.path)))
    throw new AgentError("IMAGE_NOT_FOUND", `there is no base image ${base.path}`, {
      effect: "none",
    });
  if (base.sha256 !== undefined && (await sha256Of(base.path, signal)) !== base.sha256)
    throw new AgentError("INVALID_SPEC", `${base.path} is not the image that its checksum names`, {
      fault: "user",
      effect: "none",
    });
  const info = await imageInfo(base.path, undefined, signal);
  if (sizeBytes !== undefined && sizeBytes < info.virtualSizeBytes)
    throw new AgentError(
      "INVALID_SPEC",
      `the disk ${path} would be smaller than its base, which has ${info.virtualSizeBytes} bytes`,
      { fault: "user", effect: "none" },
    );
  return info.format;
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}

/** Whether something is there, a dangling link included. @throws {AgentError} STORAGE_ERROR where that cannot be seen */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissingFile(error)) return false;
    throw storageError(`look at ${path}`, error);
  }
}

function unfinished(path: string): string {
  return `${path}.persys-new`;
}

function storageError(doing: string, error: unknown): AgentError {
  if (AgentError.is(error)) return error;
  const errno = error instanceof Error && "code" in error ? String(error.code) : "";
  const why = errno === "" ? String(error) : errno;
  return new AgentError("STORAGE_ERROR", `could not ${doing}: ${why}`, {
    retryable: true,
    cause: error,
  });
}
