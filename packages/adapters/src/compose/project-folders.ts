import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AgentError, type SecretSealer, type WorkloadId } from "@persys/core";
import { z } from "zod";
import { errnoOf } from "../docker/docker-errors.ts";
import { folderError } from "./compose-errors.ts";
import type { ProjectSource, StoredSource } from "./project-source.ts";
import {
  type PreparedRevision,
  preparedOf,
  type ProjectState,
  stateOf,
  stateText,
} from "./project-state.ts";
import {
  isRevisionOf,
  preparedPlace,
  type RevisionPlace,
  revisionFolderName,
} from "./revision-place.ts";
import { sourceOf, sourceText } from "./stored-source.ts";

const stateFile = "state.json";
const revisionsFolder = "revisions";
const sourceFile = "source.json";
const preparedFile = "prepared.json";
const markFile = "mark";
const settledFile = "settled.json";
/**
 * How many revisions stay that may still be needed, besides those in use: the last, the one before, and what is being prepared. Of revisions that
 * settle as many of each spec; of those that never do as many in all.
 */
const revisionsMax = 4;
const settledSchema: z.ZodType<readonly string[]> = z.array(z.string());
const markBytes = 16;
const markPattern = /^[0-9a-f]{32}$/;

/**
 * The folders of the projects, one for each workload, named by hash so that no id leads anywhere else. In it: what was brought up, and each
 * revision's compose file, sealed with its variables; without a sealer readable, and without them. Folders are 0700 and files 0600; a file is
 * there whole or not at all. What references stand for is never in it.
 */
export class ProjectFolders {
  readonly #root: string;
  readonly #nodeId: string;
  readonly #sealer: SecretSealer | undefined;

  constructor(root: string, nodeId: string, sealer?: SecretSealer) {
    this.#root = root;
    this.#nodeId = nodeId;
    this.#sealer = sealer;
  }

  /** The name of a workload's folder. */
  nameOf(id: WorkloadId): string {
    return createHash("sha256").update(`${this.#nodeId}\0${id}`).digest("hex").slice(0, 40);
  }

  /** Where all that is stored of a workload is. */
  folderOf(id: WorkloadId): string {
    return join(this.#root, this.nameOf(id));
  }

  /** Where compose files are fetched into: one folder for each node that shares the root, and no project's. */
  get fetchesFolder(): string {
    const node = createHash("sha256").update(this.#nodeId).digest("hex").slice(0, 40);
    return join(this.#root, `fetches-${node}`);
  }

  /** Where earlier versions fetched into, whatever the node. */
  get sharedFetchesFolder(): string {
    return join(this.#root, "fetches");
  }

  /** What is known of a project; undefined: nothing. @throws {AgentError} STORAGE_ERROR when that cannot be read. */
  async state(id: WorkloadId): Promise<ProjectState | undefined> {
    return this.#stateIn(this.nameOf(id));
  }

  /** All that is known of this node's projects. @throws {AgentError} RUNTIME_UNAVAILABLE when one cannot be read. */
  async states(): Promise<readonly ProjectState[]> {
    const names = await unlessMissing(readdir(this.#root), "list the projects");
    const states = await Promise.all(
      (names ?? []).filter((it) => /^[0-9a-f]{40}$/.test(it)).map((it) => this.#stateIn(it)),
    );
    // Folders of another node's are another's.
    return states.filter((it) => it !== undefined);
  }

  /** Stores what is known of a project. Once it resolves it is on disk. */
  async store(id: WorkloadId, state: ProjectState): Promise<void> {
    await written(async () => {
      await mkdir(this.folderOf(id), { recursive: true, mode: 0o700 });
      await writeWhole(join(this.folderOf(id), stateFile), stateText(state));
    });
  }

  /**
   * What the commands of a workload are known by; undefined: none was run. Nobody but the agent's account can know it: whoever did could have
   * processes of their own taken for such commands.
   */
  async mark(id: WorkloadId): Promise<string | undefined> {
    const file = join(this.folderOf(id), markFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read the mark of a project");
    return text !== undefined && markPattern.test(text) ? text : undefined;
  }

  /** {@link mark}, made where there is none. Once it resolves it is on disk. */
  async ensureMark(id: WorkloadId): Promise<string> {
    const known = await this.mark(id);
    if (known !== undefined) return known;
    const mark = randomBytes(markBytes).toString("hex");
    await written(async () => {
      await mkdir(this.folderOf(id), { recursive: true, mode: 0o700 });
      await writeWhole(join(this.folderOf(id), markFile), mark);
    });
    return mark;
  }

  /** What prepare has found out about a revision; undefined: it is not prepared. */
  async prepared(place: RevisionPlace): Promise<PreparedRevision | undefined> {
    const file = join(this.#revisionOf(place), preparedFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read a prepared project");
    if (text === undefined) return undefined;
    return readAs(() => preparedOf(text));
  }

  /**
   * What a revision is made from; undefined: it is not stored.
   * @throws {AgentError} SECRET_UNAVAILABLE, retryable, when the key is not there that it was sealed with.
   */
  async source(place: RevisionPlace): Promise<StoredSource | undefined> {
    const file = join(this.#revisionOf(place), sourceFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read a compose file");
    if (text === undefined) return undefined;
    return readAs(() => sourceOf(text, this.#sealer, sealPlaceOf(place)));
  }

  /** Whether it is stored what a revision is made from, be it readable or not. */
  async hasSource(place: RevisionPlace): Promise<boolean> {
    const file = join(this.#revisionOf(place), sourceFile);
    return (await unlessMissing(stat(file), "look for a compose file")) !== undefined;
  }

  /** Stores what a revision is made from. Of others only the last stay, and those that are up or set aside. */
  async storeSource(place: RevisionPlace, source: ProjectSource): Promise<void> {
    const folder = this.#revisionOf(place);
    const text = sourceText(source, this.#sealer, sealPlaceOf(place));
    await written(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(join(folder, sourceFile), text);
    });
    await this.#dropOld(place);
  }

  /** Stores what a revision is made from, and what is known of it. */
  async prepare(
    place: RevisionPlace,
    { source, revision }: { readonly source: ProjectSource; readonly revision: PreparedRevision },
  ): Promise<void> {
    await this.storeSource(place, source);
    // Last: it is what tells that all is there.
    await written(() =>
      writeWhole(join(this.#revisionOf(place), preparedFile), JSON.stringify(revision)),
    );
  }

  /**
   * Removes the revisions whose digests are not to be kept. Of those that were fetched for the same spec the last ones stay, and those that are
   * `inUse`.
   */
  async retire(
    id: WorkloadId,
    keepDigests: readonly string[],
    inUse: readonly RevisionPlace[] = [],
  ): Promise<void> {
    const folder = join(this.folderOf(id), revisionsFolder);
    const names = (await unlessMissing(readdir(folder), "list revisions")) ?? [];
    const settled = inUse.map(revisionFolderName);
    const kept = new Set(settled);
    for (const digest of keepDigests)
      for (const name of await lastOf(
        folder,
        names.filter((it) => isRevisionOf(it, digest)),
      ))
        kept.add(name);
    await removeAllBut(kept, folder, names);
    // What comes next may fall back to it, though nothing of it be left to set aside.
    if (settled.length > 0)
      await written(() =>
        writeWhole(join(this.folderOf(id), settledFile), JSON.stringify(settled)),
      );
    if (kept.size === 0 && (await this.state(id)) === undefined) await this.remove(id);
  }

  /** Removes all of a workload's. */
  async remove(id: WorkloadId): Promise<void> {
    await written(() => rm(this.folderOf(id), { recursive: true, force: true }));
  }

  /** Revisions that never settle are never retired: each that is stored takes the place of an old one, but for those that have settled last. */
  async #dropOld(stored: RevisionPlace): Promise<void> {
    const { id } = stored;
    const folder = join(this.folderOf(id), revisionsFolder);
    const names = (await unlessMissing(readdir(folder), "list revisions")) ?? [];
    if (names.length <= revisionsMax) return;
    const { current, kept } = (await this.state(id)) ?? {};
    const inUse = [current, kept].filter((it) => it !== undefined);
    const places = [stored, ...inUse.map((it) => preparedPlace({ ...it, id }))];
    const stay = new Set([
      ...places.map(revisionFolderName),
      ...(await this.#settled(id)),
      ...(await lastOf(folder, names)),
    ]);
    await removeAllBut(stay, folder, names);
  }

  /** The folders of the revisions that were in use when the last one had settled. */
  async #settled(id: WorkloadId): Promise<readonly string[]> {
    const file = join(this.folderOf(id), settledFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read which revisions have settled");
    return text === undefined ? [] : readAs(() => settledSchema.parse(JSON.parse(text)));
  }

  async #stateIn(name: string): Promise<ProjectState | undefined> {
    const file = join(this.#root, name, stateFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read what is known of a project");
    if (text === undefined) return undefined;
    return readAs(() => stateOf(text));
  }

  #revisionOf(place: RevisionPlace): string {
    return join(this.folderOf(place.id), revisionsFolder, revisionFolderName(place));
  }
}

/** Binds what is sealed to its folder. */
function sealPlaceOf(place: RevisionPlace): string {
  return JSON.stringify(["compose", place.id, revisionFolderName(place)]);
}

async function removeAllBut(
  stay: ReadonlySet<string>,
  folder: string,
  names: readonly string[],
): Promise<void> {
  await written(async () => {
    for (const name of names)
      if (!stay.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  });
}

/** The newest folders. */
async function lastOf(folder: string, names: readonly string[]): Promise<readonly string[]> {
  if (names.length <= revisionsMax) return names;
  const aged = await Promise.all(
    names.map(async (name) => {
      const made = await unlessMissing(stat(join(folder, name)), "look at a revision");
      return { name, madeMs: made?.mtimeMs ?? 0 };
    }),
  );
  return aged
    .toSorted((one, other) => other.madeMs - one.madeMs)
    .slice(0, revisionsMax)
    .map(({ name }) => name);
}

function readAs<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (AgentError.is(error)) throw error;
    throw new AgentError("STORAGE_ERROR", "what is stored of a project cannot be understood", {
      retryable: true,
      cause: error,
    });
  }
}

async function unlessMissing<T>(reading: Promise<T>, doing: string): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw folderError(error, doing);
  }
}

async function written(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw folderError(error, "write the folder of a project");
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  const handle = await open(fresh, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}
