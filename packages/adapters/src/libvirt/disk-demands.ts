import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import {
  AgentError,
  type DeviceDemand,
  type HostPathDemand,
  isWithin,
  normalisedPath,
} from "@persys/core";
import { hostPathResolver, type ResolveHostPath } from "../shared/host-path.ts";
import { basePath } from "./base-images.ts";
import { isMissingFile, readClaim } from "./disk-claim.ts";
import { imageChain } from "./disk-files.ts";
import type { ImageFormat } from "./image-format.ts";
import { type DiskSpec, isCdrom } from "./vm-spec-disks.ts";
import { ownFileName } from "./vm-spec-members.ts";

/** Where it is looked. */
export interface DiskDemandsContext {
  readonly nodeId: string;
  readonly imageFolder: string;
  readonly diskFolder: string;
  readonly protectedPaths: readonly string[];
}

/** One file that a disk takes, and how. */
interface WantedFile {
  readonly path: string;
  /** The place in the spec. */
  readonly field: string;
  readonly readOnly: boolean;
  /** What it is read as; `probed`: as it says of itself; undefined: what is in it is not looked at, since nobody does. */
  readonly format: ImageFormat | "probed" | undefined;
}

/** What is at a path after every link. */
type Kind = "missing" | "file" | "block" | "other";

/**
 * What the disks of one machine ask of the host's files. What the node keeps for machines anyway is not asked for: images in its folder, for
 * reading, and in the folder of disks such as this agent has made or makes. Every other file is, as are all that it stands on: QEMU opens them.
 */
export class DiskDemands {
  readonly hostPaths: HostPathDemand[] = [];
  readonly rawDisks: DeviceDemand[] = [];
  readonly #context: DiskDemandsContext;
  readonly #signal: AbortSignal;
  readonly #resolve: ResolveHostPath;
  readonly #notImages: readonly string[];

  private constructor(
    context: DiskDemandsContext,
    notImages: readonly string[],
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#notImages = notImages;
    this.#signal = signal;
    this.#resolve = hostPathResolver(context.protectedPaths);
  }

  /** Nothing asked for yet. Follows the node's own folders. */
  static async open(context: DiskDemandsContext, signal: AbortSignal): Promise<DiskDemands> {
    const diskFolder = await realPathOf(context.diskFolder);
    const imageFolder = await realPathOf(context.imageFolder);
    const guarded = await Promise.all(context.protectedPaths.map(realPathOf));
    // Whoever lets the agent's own files lie among the images has not given them to everybody.
    const notImages = guarded.filter((it) => it !== imageFolder && isWithin(it, imageFolder));
    return new DiskDemands({ ...context, diskFolder, imageFolder }, notImages, signal);
  }

  /** Adds what a disk asks for. `fields`: the places in the spec of its path and of its base. @throws as `vmDemands` */
  async add(
    disk: DiskSpec,
    fields: { readonly path: string; readonly base: string },
  ): Promise<void> {
    const { path = "", baseImage = "" } = disk;
    if (path !== "") {
      const readOnly = isCdrom(disk);
      // QEMU looks for no other files in what it is told is raw.
      const format = readOnly || disk.format === "raw" ? undefined : "qcow2";
      await this.#addImage({ path, field: fields.path, readOnly, format });
    }
    if (baseImage === "") return;
    const base = await basePath(baseImage, this.#context.imageFolder);
    await this.#addImage({ path: base, field: fields.base, readOnly: true, format: "probed" });
  }

  /** Adds an image and all that it stands on. */
  async #addImage(image: WantedFile): Promise<void> {
    const { path, field, format } = image;
    let isAskedFor = await this.#addFile(image);
    if (format === undefined || (await kindOf(path)) === "missing") return;
    const admit = async (next: string): Promise<void> => {
      if (next !== path) {
        const backing = { path: next, field, readOnly: true, format: undefined };
        isAskedFor = await this.#addFile(backing);
      }
      const kind = await kindOf(next);
      if (kind !== "file" && kind !== "block") throw noImage(next);
    };
    const signal = this.#signal;
    try {
      await imageChain(path, format === "probed" ? undefined : format, { admit, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isAskedFor || !isAboutImage(error)) throw error;
      // Whether it is given at all is the first thing to be told of a file of the host.
      this.#makeUnresolved();
    }
  }

  /** Adds one file unless it is the node's own to give. @returns whether it is among the paths of the host now */
  async #addFile({ path: written, field, readOnly }: WantedFile): Promise<boolean> {
    const resolved = await this.#resolve(written);
    if (ownFileName.test(resolved.path)) throw ownFile(written);
    if (resolved.unresolved === undefined) {
      const kind = await kindOf(resolved.path);
      if (kind === "block") {
        this.rawDisks.push({ path: resolved.path, field });
        return false;
      }
      if (await this.#isNodes(resolved.path, { readOnly, kind })) return false;
    }
    this.hostPaths.push({ ...resolved, written, field, readOnly });
    return true;
  }

  /** Says of the last path that it cannot be told what it stands on. */
  #makeUnresolved(): void {
    const last = this.hostPaths.pop();
    const unresolved = "it is no image whose backing files can be found out";
    if (last !== undefined) this.hostPaths.push({ ...last, unresolved });
  }

  async #isNodes(
    path: string,
    { readOnly, kind }: { readonly readOnly: boolean; readonly kind: Kind },
  ): Promise<boolean> {
    const { nodeId, imageFolder, diskFolder } = this.#context;
    if (readOnly) {
      if (!isWithin(path, imageFolder)) return false;
      if (this.#notImages.some((it) => isWithin(path, it))) return false;
      // An image that is claimed is somebody's disk, whichever folder it lies in.
      return (await readClaim(path)) === undefined;
    }
    if (dirname(path) !== diskFolder) return false;
    const claim = await readClaim(path);
    return claim === undefined ? kind === "missing" : claim.nodeId === nodeId;
  }
}

/** Whether it is the image that is at fault, not the means to look at it. */
function isAboutImage(error: unknown): boolean {
  return AgentError.hasCode(error, "INVALID_SPEC") || AgentError.hasCode(error, "STORAGE_ERROR");
}

/** Whoever writes to what says whose disk lies beside it has that disk. */
function ownFile(path: string): AgentError {
  return new AgentError("INVALID_SPEC", `${path} leads to a file of the agent's own, and no disk`, {
    fault: "user",
    effect: "none",
  });
}

function noImage(path: string): AgentError {
  return new AgentError("INVALID_SPEC", `the image ${path} is no file and no disk`, {
    fault: "user",
    effect: "none",
  });
}

async function kindOf(path: string): Promise<Kind> {
  try {
    const found = await stat(path);
    if (found.isFile()) return "file";
    return found.isBlockDevice() ? "block" : "other";
  } catch (error) {
    if (isMissingFile(error) || hasErrno(error, "ENOTDIR")) return "missing";
    // What cannot be looked at is certainly no image that can be inspected.
    return "other";
  }
}

async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // What is not there yet holds nothing.
    return normalisedPath(path);
  }
}

function hasErrno(error: unknown, errno: string): boolean {
  return error instanceof Error && "code" in error && error.code === errno;
}
