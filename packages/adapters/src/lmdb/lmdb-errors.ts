import { constants } from "node:os";
import { AgentError, type AgentErrorOptions } from "@persys/core";

/** What was attempted, and whether a failure may have left an effect. */
export interface Attempt {
  /** For the message: `the state cannot be <doing>`. */
  readonly doing: string;
  readonly effect: "none" | "unknown";
  /** The state folder. */
  readonly path: string;
}

/** Codes of LMDB (lmdb.h) that are decided upon. */
const lmdbCodes = { mapFull: -30792, corrupted: -30796, invalid: -30793, versionMismatch: -30794 };

const { errno } = constants;
const fullCodes: ReadonlySet<number | string> = new Set([
  lmdbCodes.mapFull,
  errno.ENOSPC,
  errno.EDQUOT,
  errno.EFBIG,
  "ENOSPC",
  "EDQUOT",
  "EFBIG",
]);
const damagedCodes: ReadonlySet<number | string> = new Set([
  lmdbCodes.corrupted,
  lmdbCodes.invalid,
  lmdbCodes.versionMismatch,
]);

/** SQLITE_BUSY (sqlite.org/rescode.html): another process holds the lock. */
const sqliteBusy = 5;

/**
 * A failure of LMDB, of the file system or of the lock file as an AgentError, by its code: errno, LMDB's own, or a name such as ENOSPC. An
 * AgentError is passed on.
 */
export function storeError(error: unknown, attempt: Attempt): AgentError {
  if (AgentError.is(error)) return error;
  if (isNoSpace(error)) return storeFull(error, attempt);
  const code = codeOf(error);
  if (code !== undefined && damagedCodes.has(code)) {
    return damagedData(attempt.path, saidBy(error), error);
  }
  const message = `the state in ${attempt.path} cannot be ${attempt.doing}: ${saidBy(error)}`;
  return new AgentError("STORE_UNAVAILABLE", message, optionsFor(error, attempt));
}

/** The failure of an attempt for which no space was left. */
export function storeFull(error: unknown, attempt: Attempt): AgentError {
  const message = `the state in ${attempt.path} cannot be ${attempt.doing}: no space is left (${saidBy(error)})`;
  return new AgentError("STORE_FULL", message, optionsFor(error, attempt));
}

/** Whether a write failed for want of space: the disk's, the quota's, or that of the largest file allowed. */
export function isNoSpace(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && fullCodes.has(code);
}

/** Whether the error is EIO, by errno or by name. */
export function isInputOutput(error: unknown): boolean {
  const code = codeOf(error);
  return code === errno.EIO || code === "EIO";
}

function optionsFor(error: unknown, { effect, path }: Attempt): AgentErrorOptions {
  const code = codeOf(error);
  const details = { path, ...(code === undefined ? {} : { code }) };
  return { effect, retryable: true, cause: error, details };
}

function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The data file itself is damaged, so that not even the sound records can be found. Nothing was changed. */
export function damagedData(path: string, what: string, cause?: unknown): AgentError {
  return new AgentError(
    "STORE_UNAVAILABLE",
    `${path}/data.mdb is damaged (${what}). Nothing was removed from it. Stop the agent, restore the file from a backup or move the folder ` +
      "away, and start again: running workloads are not touched, and are taken up again when they are applied",
    { effect: "none", details: { path }, ...(cause === undefined ? {} : { cause }) },
  );
}

/** Whether the lock file is held by another process. */
export function isLockBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}

/** Whether a call of the file system found nothing at its path. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** Whether a call of the file system found something where it was to make it. */
export function isPresent(error: unknown): boolean {
  return codeOf(error) === "EEXIST";
}

function codeOf(error: unknown): string | number | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const { code } = error;
  return typeof code === "string" || typeof code === "number" ? code : undefined;
}
