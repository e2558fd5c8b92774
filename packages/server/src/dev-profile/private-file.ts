import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";

/** Folders and files that only their owner may read. */
const folderMode = 0o700;
const fileMode = 0o600;

/**
 * The text in the file at `path`. A file that does not exist is first made with what `make` returns, readable by its owner alone, in a
 * folder made likewise. Of several that make it at once one wins, and all return what that one wrote.
 */
export function readOrMakePrivateFile(path: string, make: () => string): string {
  mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!hasErrno(error, "ENOENT")) throw error;
  }
  const fresh = freshName(path);
  try {
    writeFileSync(fresh, make(), { mode: fileMode, flush: true });
    // A link appears whole or not at all, and never replaces: nobody reads half a file, and the first to link wins.
    linkSync(fresh, path);
  } catch (error) {
    if (!hasErrno(error, "EEXIST")) throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  return readFileSync(path, "utf8");
}

/** Makes `path` hold `text`, readable by its owner alone; a reader sees the old text or the new one, never a part. */
export function replacePrivateFile(path: string, text: string): void {
  const fresh = freshName(path);
  try {
    writeFileSync(fresh, text, { mode: fileMode, flag: "wx" });
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function freshName(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
