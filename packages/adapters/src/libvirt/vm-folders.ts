import { createHash } from "node:crypto";
import {
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { AgentError, type SpecDigest, type Target, type WorkloadId } from "@persys/core";
import { z } from "zod";
import { isMissingFile, syncFolder } from "./disk-claim.ts";

/** QEMU's own user has to get through to what is in a folder, and need not see what else is there. */
const folderMode = 0o711;

const indexName = "made.json";

const variablesPrefix = "firmware-";

/** What stays of a workload's files. */
interface KeptFiles {
  readonly paths: readonly string[];
  /** Of specs: their seeds stay. */
  readonly digests: readonly SpecDigest[];
  /** Whether the variables of the firmware stay, of whichever creation they are. */
  readonly variables: boolean;
}

/** What one revision says of a disk. */
interface RetainPolicy {
  readonly digest: SpecDigest;
  readonly path: string;
  readonly retained: boolean;
}

/** An interface of a machine on a network of libvirt's own. */
export interface OnNetwork {
  readonly network: string;
  readonly mac: string;
}

/** What was made for a workload elsewhere. */
export interface MadeElsewhere {
  readonly disks: readonly string[];
  /** Those of the disks that have been there: one that is not any more must not be made anew. */
  readonly seen: readonly string[];
  /** What becomes of disks when the workload is deleted, by what each revision says. */
  readonly policies: readonly RetainPolicy[];
  /** Interfaces that addresses are set aside for on networks of libvirt's own. */
  readonly reservations: readonly OnNetwork[];
  /** All interfaces on networks of libvirt's own: leases are given to them. */
  readonly interfaces: readonly OnNetwork[];
}

const onNetwork = z.strictObject({ network: z.string(), mac: z.string() });

const indexSchema: z.ZodType<MadeElsewhere> = z.strictObject({
  disks: z.array(z.string()),
  seen: z.array(z.string()),
  policies: z.array(
    z.strictObject({ digest: z.string(), path: z.string(), retained: z.boolean() }),
  ),
  reservations: z.array(onNetwork),
  // Earlier versions noted none.
  interfaces: z.array(onNetwork).default([]),
});

const nothingKept: KeptFiles = { paths: [], digests: [], variables: false };

const nothingMade: MadeElsewhere = {
  disks: [],
  seen: [],
  policies: [],
  reservations: [],
  interfaces: [],
};

/**
 * A folder for each workload with all that its machine has on this host besides its disks: seeds, console logs, and an index of what was made
 * for it elsewhere. The index names a thing before that is made, and outlives a definition that somebody removes: whatever becomes of a machine,
 * its disks are found.
 */
export class VmFolders {
  readonly #root: string;

  /** @param root private to one node */
  constructor(root: string) {
    this.#root = root;
  }

  /** The folder of a workload, made where it is missing. @throws {AgentError} STORAGE_ERROR */
  async ensure(id: WorkloadId): Promise<string> {
    const path = this.#pathOf(id);
    try {
      await mkdir(path, { recursive: true });
      for (const folder of [this.#root, path]) await letThrough(folder);
      return path;
    } catch (error) {
      throw folderError(`make the folder ${path}`, error);
    }
  }

  /** The file for what one making of a machine writes to its console. */
  consoleLogOf(id: WorkloadId, instance: string): string {
    return join(this.#pathOf(id), `console-${instance}.log`);
  }

  /** The file with the password of the screen of one making of a machine. */
  screenOf(id: WorkloadId, instance: string): string {
    return join(this.#pathOf(id), `screen-${instance}`);
  }

  /** The file for the variables of a machine's firmware: one for all its revisions, another for each creation. */
  variablesOf({ id, uid }: Pick<Target, "id" | "uid">): string {
    return join(this.#pathOf(id), `${variablesPrefix}${hashOf(uid)}.fd`);
  }

  /** The file with what tells one making of a machine from others that have to be started for it. */
  bodyOf(id: WorkloadId, instance: string): string {
    return join(this.#pathOf(id), `body-${instance}`);
  }

  /** Writes down a secret of a machine in one of its files, for this agent alone to read. @throws {AgentError} STORAGE_ERROR */
  async keepSecret(id: WorkloadId, path: string, secret: string): Promise<void> {
    await this.ensure(id);
    try {
      await writeFile(path, secret, { mode: 0o600, flush: true });
    } catch (error) {
      throw folderError(`write ${path}`, error);
    }
  }

  /** A secret that was written down; undefined where none was. @throws {AgentError} STORAGE_ERROR */
  async secretIn(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (isMissingFile(error)) return undefined;
      throw folderError(`read ${path}`, error);
    }
  }

  /** The image of a revision's seed: another for each creation, which are different machines to cloud-init. */
  seedOf({ id, uid, specDigest }: Pick<Target, "id" | "uid" | "specDigest">): string {
    return join(this.#pathOf(id), `${seedPrefix(specDigest)}${hashOf(uid)}.iso`);
  }

  /** What may have been made for a workload elsewhere. @throws {AgentError} STORAGE_ERROR for an index that cannot be read */
  async madeFor(id: WorkloadId): Promise<MadeElsewhere> {
    const path = join(this.#pathOf(id), indexName);
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (isMissingFile(error)) return nothingMade;
      throw folderError(`read ${path}`, error);
    }
    const parsed = indexSchema.safeParse(jsonOf(text));
    if (!parsed.success) throw folderError(`understand ${path}`, parsed.error);
    return parsed.data;
  }

  /** Adds to the index what is going to be made; it is on disk when this returns. @throws {AgentError} STORAGE_ERROR */
  async note(id: WorkloadId, more: Partial<MadeElsewhere>): Promise<void> {
    const known = await this.madeFor(id);
    const news = more.policies ?? [];
    const isNew = (it: RetainPolicy): boolean =>
      news.some(({ digest, path }) => digest === it.digest && path === it.path);
    const all = {
      disks: [...new Set([...known.disks, ...(more.disks ?? [])])],
      seen: [...new Set([...known.seen, ...(more.seen ?? [])])],
      policies: [...known.policies.filter((it) => !isNew(it)), ...news],
      reservations: eachOnce([...known.reservations, ...(more.reservations ?? [])]),
      interfaces: eachOnce([...known.interfaces, ...(more.interfaces ?? [])]),
    };
    if (JSON.stringify(all) !== JSON.stringify(known)) await this.#write(id, all);
  }

  /** Forgets what revisions say whose digests are not kept. @throws {AgentError} STORAGE_ERROR */
  async dropPolicies(id: WorkloadId, keepDigests: readonly SpecDigest[]): Promise<void> {
    const known = await this.madeFor(id);
    const policies = known.policies.filter((it) => keepDigests.includes(it.digest));
    if (policies.length < known.policies.length) await this.#write(id, { ...known, policies });
  }

  /**
   * Removes seeds and console logs, but those at paths and of digests that are kept. libvirt's log daemon numbers the older parts of a log: they stay
   * and go with it. @throws {AgentError} STORAGE_ERROR
   */
  async tidy(id: WorkloadId, keep: KeptFiles = nothingKept): Promise<void> {
    const folder = this.#pathOf(id);
    const names = new Set(keep.paths.map((it) => basename(it)));
    const prefixes = keep.digests.map(seedPrefix);
    const isKept = (name: string): boolean =>
      name.startsWith(indexName) ||
      (keep.variables && name.startsWith(variablesPrefix)) ||
      names.has(name.replace(/\.log\.\d+$/, ".log")) ||
      prefixes.some((it) => name.startsWith(it));
    try {
      for (const name of await namesIn(folder))
        if (!isKept(name)) await rm(join(folder, name), { recursive: true, force: true });
    } catch (error) {
      throw folderError(`tidy the folder ${folder}`, error);
    }
  }

  /** Removes the folder with all that is in it; the index goes last. @throws {AgentError} STORAGE_ERROR */
  async remove(id: WorkloadId): Promise<void> {
    await this.tidy(id);
    const folder = this.#pathOf(id);
    try {
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      throw folderError(`remove the folder ${folder}`, error);
    }
  }

  async #write(id: WorkloadId, made: MadeElsewhere): Promise<void> {
    const folder = await this.ensure(id);
    const path = join(folder, indexName);
    try {
      const file = await open(`${path}.new`, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(made));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
      await syncFolder(folder);
    } catch (error) {
      throw folderError(`write ${path}`, error);
    }
  }

  #pathOf(id: WorkloadId): string {
    return join(this.#root, id);
  }
}

function eachOnce(all: readonly OnNetwork[]): readonly OnNetwork[] {
  const isFirst = (it: OnNetwork, at: number): boolean =>
    at === all.findIndex(({ network, mac }) => network === it.network && mac === it.mac);
  return all.filter(isFirst).map(({ network, mac }) => ({ network, mac }));
}

/** Whatever the process masks of the modes of new files, and wherever it was cut off before. */
async function letThrough(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o777) !== folderMode) await chmod(folder, folderMode);
}

function seedPrefix(specDigest: SpecDigest): string {
  return `cloud-init-${hashOf(specDigest)}-`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissingFile(error)) return [];
    throw error;
  }
}

function folderError(doing: string, cause: unknown): AgentError {
  const why = cause instanceof Error && "code" in cause ? String(cause.code) : "it is damaged";
  return new AgentError("STORAGE_ERROR", `could not ${doing}: ${why}`, { retryable: true, cause });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
