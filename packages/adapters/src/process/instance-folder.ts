import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { errnoOf, isGone } from "./process-errors.ts";
import { type InstanceMeta, parseInstanceMeta } from "./instance-meta.ts";
import { readBootId } from "../shared/boot-id.ts";
import { runningStat } from "./process-table.ts";
import { type ExitRecord, parseExitRecord, parseRunRecord, type RunRecord } from "./run-records.ts";

/** How the newest run of an instance stands. */
export type RunState =
  /** Its supervisor is at work, its program not yet. */
  | "starting"
  | "running"
  /** Stopped by a signal such as SIGSTOP. */
  | "paused"
  /** The program has ended, its supervisor is about to say how. */
  | "ending"
  | "exited";

/** The newest run of an instance. */
export interface Run {
  readonly number: number;
  readonly state: RunState;
  readonly record?: RunRecord;
  readonly startedAtMs?: number;
  /** Present when it has exited and how is known. */
  readonly exit?: ExitRecord & { readonly endedAtMs: number };
  /** Whether the supervisor still lives; without it how the program ends will not be known. */
  readonly isSupervised: boolean;
}

/** What a folder holds. `half-made`: a folder of ours without a description, left by a creation or a removal that was cut short. */
export type FolderContent =
  | { readonly kind: "missing" }
  | { readonly kind: "half-made" }
  | {
      readonly kind: "instance";
      readonly meta: InstanceMeta;
      /** The highest number that a run or a stop has used. */
      readonly lastNumber: number;
      /** The last run; undefined before the first. */
      readonly run: Run | undefined;
    };

type Cached<T> = { readonly mtimeMs: number; readonly value: T };

/** A file's content and age as long as it is the same file; bounded by the number of instances, as {@link FolderReader.forget} is called. */
interface Known {
  meta?: { readonly name: string; readonly mtimeMs: number; readonly value: InstanceMeta };
  run?: { readonly number: number } & Cached<RunRecord>;
  exit?: { readonly number: number } & Cached<ExitRecord>;
}

/**
 * Reads instance folders. What never changes once written (description, records) is read once and remembered, so that looking at a
 * thousand instances costs a directory scan and a look at the process each.
 */
export class FolderReader {
  readonly #known = new Map<string, Known>();
  readonly #bootId = readBootId();

  /** What the folder holds now. @throws the system's error, or an AgentError for a damaged description. */
  read(folder: string): FolderContent {
    let names: readonly string[];
    try {
      names = readdirSync(folder);
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#known.delete(folder);
      return { kind: "missing" };
    }
    const metaName = names.find(isMetaName);
    if (metaName === undefined) return { kind: "half-made" };
    const known = this.#knownOf(folder);
    const meta = readMeta(join(folder, metaName), metaName, known);
    if (meta === undefined) return { kind: "half-made" };
    const lastRun = highest(names, ["run", "exit"]);
    const lastNumber = Math.max(lastRun, highest(names, ["stop"]));
    const run =
      lastRun === 0 ? firstRun(folder, lastNumber + 1) : this.#run(folder, lastRun, known);
    return { kind: "instance", meta, lastNumber, run };
  }

  /** Forgets every folder that `isKept` does not name. */
  forget(isKept: (folder: string) => boolean): void {
    for (const folder of this.#known.keys()) if (!isKept(folder)) this.#known.delete(folder);
  }

  #knownOf(folder: string): Known {
    let known = this.#known.get(folder);
    if (known === undefined) this.#known.set(folder, (known = {}));
    return known;
  }

  #run(folder: string, number: number, known: Known): Run {
    const ended = exitOf(folder, number, known);
    const started = recordOf(folder, number, known);
    const base = {
      number,
      ...(started === undefined ? {} : { record: started.value, startedAtMs: started.mtimeMs }),
    };
    if (ended !== undefined) {
      const exit = { ...ended.value, endedAtMs: ended.mtimeMs };
      return { ...base, state: "exited", exit, isSupervised: false };
    }
    const process = started?.value.bootId === this.#bootId ? runningStat(started.value) : undefined;
    const isSupervised = isHeld(folder);
    if (process !== undefined)
      return { ...base, state: process.state === "T" ? "paused" : "running", isSupervised };
    if (isSupervised)
      return { ...base, state: started === undefined ? "starting" : "ending", isSupervised };
    // Both records may have been written since they were looked for: the one before the supervisor was killed, or the other as it left.
    if (started === undefined && recordOf(folder, number, known) !== undefined)
      return this.#run(folder, number, known);
    const late = exitOf(folder, number, known);
    const exit = late === undefined ? {} : { exit: { ...late.value, endedAtMs: late.mtimeMs } };
    return { ...base, ...exit, state: "exited", isSupervised };
  }
}

/** Before any record there is at most a supervisor on its way. */
function firstRun(folder: string, number: number): Run | undefined {
  return isHeld(folder) ? { number, state: "starting", isSupervised: true } : undefined;
}

/**
 * Whether a supervisor, or the first stage of its program, holds the folder's FIFO `alive`; or a log writer the FIFO `logging`. The kernel
 * lets go of it however they end. Looked at from the reading end: without a writer a read gives the end of the file, else it would wait.
 */
export function isHeld(folder: string, fifo: "alive" | "logging" = "alive"): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(join(folder, fifo), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
  try {
    return hasWriter(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const oneByte = Buffer.alloc(1);

/** Whether the FIFO behind a descriptor that reads without waiting has a writer. */
export function hasWriter(descriptor: number): boolean {
  try {
    return readSync(descriptor, oneByte) > 0;
  } catch (error) {
    if (errnoOf(error) === "EAGAIN") return true;
    throw error;
  }
}

/** Name of the description of the instance with this handle. The handle is in the name so that another instance has another name. */
export function metaNameOf(handle: string): string {
  return `meta.${handle}.json`;
}

function isMetaName(name: string): boolean {
  return name.startsWith("meta.") && name.endsWith(".json");
}

function highest(names: readonly string[], kinds: readonly string[]): number {
  let number = 0;
  for (const name of names) {
    const dot = name.indexOf(".");
    if (dot > 0 && kinds.includes(name.slice(0, dot)))
      number = Math.max(number, Number(name.slice(dot + 1)) || 0);
  }
  return number;
}

function readMeta(path: string, name: string, known: Known): InstanceMeta | undefined {
  const mtimeMs = mtimeOf(path);
  if (mtimeMs === undefined) return undefined;
  if (known.meta?.name === name && known.meta.mtimeMs === mtimeMs) return known.meta.value;
  const value = parseInstanceMeta(readFileSync(path, "utf8"), path);
  known.meta = { name, mtimeMs, value };
  delete known.run;
  delete known.exit;
  return value;
}

function recordOf(folder: string, number: number, known: Known): Cached<RunRecord> | undefined {
  if (known.run?.number === number) return known.run;
  const read = readRecord(join(folder, `run.${number}`), parseRunRecord);
  if (read === undefined) return undefined;
  known.run = { number, ...read };
  return known.run;
}

function exitOf(folder: string, number: number, known: Known): Cached<ExitRecord> | undefined {
  if (known.exit?.number === number) return known.exit;
  const read = readRecord(join(folder, `exit.${number}`), parseExitRecord);
  if (read === undefined) return undefined;
  known.exit = { number, ...read };
  return known.exit;
}

function readRecord<T>(
  path: string,
  parse: (text: string) => T | undefined,
): Cached<T> | undefined {
  const mtimeMs = mtimeOf(path);
  if (mtimeMs === undefined) return undefined;
  const value = parse(readFileSync(path, "latin1"));
  return value === undefined ? undefined : { mtimeMs: Math.floor(mtimeMs), value };
}

function mtimeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
