import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  AgentError,
  isWorkloadId,
  type Target,
  type WorkloadId,
  type SecretSealer,
} from "@persys/core";
import { metaNameOf } from "./instance-folder.ts";
import type { InstanceMeta } from "./instance-meta.ts";
import { metaSpecOf } from "./sealed-meta.ts";
import { errnoOf, isGone, processError, rootMissing } from "./process-errors.ts";
import { supervisorFileName, supervisorScript } from "./supervisor-script.ts";

/**
 * What a folder is to its workload.
 *
 * - `current`: the instance that a start runs.
 * - `kept`: set aside by a replacement.
 * - `making`: not yet complete.
 */
export type Slot = "current" | "kept" | "making";

/** The slots that hold whole instances. */
export const wholeSlots = ["current", "kept"] as const;

/** Every slot. */
export const allSlots: readonly Slot[] = ["making", "current", "kept"];

/**
 * The folders of all instances: `ROOT/ID@SLOT`. An id holds no `@` and no `/` and starts with a letter or digit, so ids and folders
 * correspond one to one and none leads out of the root. Everything else in the root is left alone.
 */
export class InstanceFolders {
  readonly root: string;
  readonly #nodeId: string;
  readonly #sealer: SecretSealer | undefined;

  /** Makes the root when it is missing. @throws {AgentError} when it cannot be made. */
  constructor(root: string, nodeId: string, sealer: SecretSealer | undefined) {
    this.root = root;
    this.#nodeId = nodeId;
    this.#sealer = sealer;
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
      replaceFile(join(root, supervisorFileName), supervisorScript);
    } catch (error) {
      throw processError(error, `make the folder of the process runtime, ${root}`);
    }
  }

  /** Where the supervisor's text is. */
  get supervisorPath(): string {
    return join(this.root, supervisorFileName);
  }

  pathOf(id: WorkloadId, slot: Slot): string {
    return join(this.root, `${id}@${slot}`);
  }

  /**
   * Every folder of ours.
   * @throws {AgentError} RUNTIME_UNAVAILABLE when the root cannot be read.
   */
  scan(): ReadonlyMap<WorkloadId, ReadonlySet<Slot>> {
    const found = new Map<WorkloadId, Set<Slot>>();
    for (const name of this.#names()) {
      const at = name.indexOf("@");
      const id = name.slice(0, at);
      const slot = allSlots.find((it) => it === name.slice(at + 1));
      if (at < 1 || slot === undefined || !isWorkloadId(id)) continue;
      const slots = found.get(id);
      if (slots === undefined) found.set(id, new Set([slot]));
      else slots.add(slot);
    }
    return found;
  }

  #names(): readonly string[] {
    try {
      const names = readdirSync(this.root);
      // An empty mount point in place of the root would read as "nothing exists".
      if (names.includes(supervisorFileName)) return names;
    } catch (error) {
      throw rootMissing(this.root, error);
    }
    throw rootMissing(this.root, undefined);
  }

  /** @throws {AgentError} RUNTIME_UNAVAILABLE when the root is not there, so that a missing folder says nothing. */
  assertReadable(): void {
    try {
      statSync(this.supervisorPath);
    } catch (error) {
      throw rootMissing(this.root, error);
    }
  }

  /** Makes the target's instance the current one; there must be none. On disk when it returns. */
  create(target: Target): void {
    const making = this.pathOf(target.id, "making");
    const handle = randomUUID();
    const meta: InstanceMeta = {
      ...metaSpecOf(target, this.#sealer),
      nodeId: this.#nodeId,
      id: target.id,
      uid: target.uid,
      revisionId: target.revisionId,
      specDigest: target.specDigest,
      handle,
      stopGraceMs: target.stopGraceMs,
    };
    // Not recursive: a root that has gone must not come back empty.
    mkdirSync(making, { mode: 0o700 });
    mkdirSync(join(making, "log"), { mode: 0o700 });
    writeDurably(join(making, metaNameOf(handle)), JSON.stringify(meta));
    this.move(target.id, "making", "current");
  }

  /** Gives a folder another slot, which must be free. On disk when it returns. */
  move(id: WorkloadId, from: Slot, to: Slot): void {
    renameSync(this.pathOf(id, from), this.pathOf(id, to));
    syncFolder(this.root);
  }

  /**
   * Removes a folder and all that we put there; missing is fine. The description goes first: what is left of a removal cut short
   * is known as such.
   * @throws {AgentError} STORAGE_ERROR when something foreign is in it, which is left.
   */
  remove(id: WorkloadId, slot: Slot): void {
    const folder = this.pathOf(id, slot);
    let names: readonly string[];
    try {
      names = readdirSync(folder);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    const isMeta = (name: string): boolean => name.startsWith("meta.");
    const ours = names.filter((it) => ourName.test(it));
    for (const name of [...ours.filter(isMeta), ...ours.filter((it) => !isMeta(it))])
      rmSync(join(folder, name), { recursive: true, force: true });
    try {
      rmdirSync(folder);
    } catch (error) {
      if (isGone(error)) return;
      if (errnoOf(error) !== "ENOTEMPTY") throw error;
      throw new AgentError("STORAGE_ERROR", `a folder holds files that are not ours: ${folder}`, {
        cause: error,
        retryable: true,
        details: { path: folder },
      });
    }
  }
}

const ourName =
  /^(?:meta\..+|log|lock|alive|logging|trouble|note|failed|(?:run|stop|exit|out|err)\.\d+)$/;

/** Forbids every start numbered `number` or below that has not been let through yet. */
export function forbidStarts(folder: string, number: number): void {
  closeSync(openSync(join(folder, `stop.${number}`), "w", 0o600));
  for (const name of readdirSync(folder)) {
    const [, digits] = /^stop\.(\d+)$/.exec(name) ?? [];
    if (digits !== undefined && Number(digits) < number)
      rmSync(join(folder, name), { force: true });
  }
}

/** Removes the records of runs and stops before `number`, and what supervisors that were killed early left. Never throws for what is gone. */
export function tidyRecords(folder: string, number: number): void {
  for (const name of readdirSync(folder)) {
    const [, kind, digits] = /^(run|stop|exit|out|err)\.(\d+)$/.exec(name) ?? [];
    if (kind === undefined) continue;
    const isPipe = kind === "out" || kind === "err";
    if (!isPipe && Number(digits) >= number) continue;
    try {
      unlinkSync(join(folder, name));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(`${path}.tmp`, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${path}.tmp`, path);
  syncFolder(join(path, ".."));
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces a file whole: whoever reads it sees the old or the new text. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
