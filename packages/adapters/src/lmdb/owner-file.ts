import { readFileSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { isMissing } from "./lmdb-errors.ts";

/** The process that owns a state folder. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When it opened the store, Unix milliseconds. */
  readonly sinceMs: number;
  /** When the process began, in the kernel's ticks since boot; tells a pid from its reuse. */
  readonly startTicks: string;
}

const ownerShape = z.object({
  pid: z.int(),
  host: z.string(),
  sinceMs: z.number(),
  startTicks: z.string(),
});

/** This process as an owner. */
export function thisOwner(): Owner {
  return {
    pid: process.pid,
    host: hostname(),
    sinceMs: Date.now(),
    startTicks: startTicksOf(process.pid) ?? "",
  };
}

/** Says in the file who owns the folder. Only for the holder of the lock. */
export async function writeOwner(path: string, owner: Owner): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Removes what {@link writeOwner} wrote. */
export async function removeOwner(path: string): Promise<void> {
  await rm(path, { force: true });
}

/**
 * Who owns the folder, as far as the file can be believed: undefined when it is missing, unreadable, or names a process of this host that
 * has ended, which is what a killed owner leaves behind.
 */
export async function readLiveOwner(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const owner = parseOwner(text);
  if (owner === undefined || owner.host !== hostname()) return owner;
  return startTicksOf(owner.pid) === owner.startTicks ? owner : undefined;
}

function parseOwner(text: string): Owner | undefined {
  try {
    const parsed = ownerShape.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // The file only names the owner; the lock is what counts.
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)), counted after the name, which may hold anything. Undefined where there is no such process. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
