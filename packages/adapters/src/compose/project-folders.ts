import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AgentError, type WorkloadId } from "@persys/core";
import { errnoOf } from "../docker/docker-errors.ts";
import { folderError } from "./compose-errors.ts";
import {
  type PreparedRevision,
  preparedOf,
  type ProjectState,
  stateOf,
  stateText,
} from "./project-state.ts";

const stateFile = "state.json";
const revisionsFolder = "revisions";
const composeFile = "compose.json";
const preparedFile = "prepared.json";
const markFile = "mark";
const markBytes = 16;
const markPattern = /^[0-9a-f]{32}$/;

/**
 * The folders of the projects, one for each workload, named by hash so that no id leads anywhere else. In it: what was brought up, and each
 * revision's compose file. Folders are 0700 and files 0600; a file is there whole or not at all. No environment is ever in it.
 */
export class ProjectFolders {
  readonly #root: string;
  readonly #nodeId: string;

  constructor(root: string, nodeId: string) {
    this.#root = root;
    this.#nodeId = nodeId;
  }

  /** The name of a workload's folder. */
  nameOf(id: WorkloadId): string {
    return createHash("sha256").update(`${this.#nodeId}\0${id}`).digest("hex").slice(0, 40);
  }

  /** Where the command runs. */
  folderOf(id: WorkloadId): string {
    return join(this.#root, this.nameOf(id));
  }

  /** The compose file of a revision. */
  fileOf(id: WorkloadId, specDigest: string): string {
    return join(this.#revisionOf(id, specDigest), composeFile);
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
  async prepared(id: WorkloadId, specDigest: string): Promise<PreparedRevision | undefined> {
    const file = join(this.#revisionOf(id, specDigest), preparedFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read a prepared project");
    if (text === undefined) return undefined;
    return readAs(() => preparedOf(text));
  }

  /** Stores a revision's compose file and what is known of it. */
  async prepare(
    id: WorkloadId,
    specDigest: string,
    { file, revision }: { readonly file: string; readonly revision: PreparedRevision },
  ): Promise<void> {
    const folder = this.#revisionOf(id, specDigest);
    await written(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(join(folder, composeFile), file);
      // Last: it is what tells that all is there.
      await writeWhole(join(folder, preparedFile), JSON.stringify(revision));
    });
  }

  /** Removes the revisions whose digests are not to be kept. */
  async retire(id: WorkloadId, keepDigests: readonly string[]): Promise<void> {
    const folder = join(this.folderOf(id), revisionsFolder);
    const kept = new Set(keepDigests.map(nameOfDigest));
    const names = (await unlessMissing(readdir(folder), "list revisions")) ?? [];
    await written(async () => {
      for (const name of names)
        if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
    });
    if (kept.size === 0 && (await this.state(id)) === undefined) await this.remove(id);
  }

  /** Removes all of a workload's. */
  async remove(id: WorkloadId): Promise<void> {
    await written(() => rm(this.folderOf(id), { recursive: true, force: true }));
  }

  async #stateIn(name: string): Promise<ProjectState | undefined> {
    const file = join(this.#root, name, stateFile);
    const text = await unlessMissing(readFile(file, "utf8"), "read what is known of a project");
    if (text === undefined) return undefined;
    return readAs(() => stateOf(text));
  }

  #revisionOf(id: WorkloadId, specDigest: string): string {
    return join(this.folderOf(id), revisionsFolder, nameOfDigest(specDigest));
  }
}

function nameOfDigest(specDigest: string): string {
  return createHash("sha256").update(specDigest).digest("hex").slice(0, 40);
}

function readAs<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
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
