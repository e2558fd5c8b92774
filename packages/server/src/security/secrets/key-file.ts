import { randomBytes, randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { errnoOf } from "../../errno.ts";
import { exitCodes } from "../../exit-codes.ts";
import { StartFailure } from "../../start-failure.ts";

/** A key for the secrets of specs, as the file keeps it. */
export interface SecretKey {
  /** Letters and digits; goes with everything that the key sealed. */
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** 256 random bits, base64. */
  readonly secret: string;
}

/** A key file's keys, in order of age: the last one seals, all of them unseal. */
export type SecretKeys = readonly [SecretKey, ...SecretKey[]];

const keyBytes = 32;
/** Told apart by 64 bits, which nobody needs a thousand of. */
const idBytes = 8;
const keysMax = 1_000;

const keySchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9]{1,64}$/, { error: "must be letters and digits" }),
  createdAt: z.string(),
  secret: z
    .string()
    .refine((it) => Buffer.from(it, "base64").length === keyBytes, { error: "must be 32 bytes" }),
});

const fileSchema = z.object({
  format: z.literal(1),
  keys: z
    .array(keySchema)
    .min(1)
    .max(keysMax)
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, {
      error: "must have different ids",
    }),
});

/**
 * The keys in the file at `path`; a file that does not exist is first made with one key, on disk when this returns, for its owner alone.
 * @throws {StartFailure} when it cannot be read or made, others than its owner may read or change it, or it holds anything but keys.
 */
export function readOrMakeSecretKeys(path: string): SecretKeys {
  const found = readSecretKeys(path);
  if (found !== undefined) return found;
  try {
    makeFolderOf(path);
    writeNew(path, [newKey()], (fresh) => {
      // A link appears whole or not at all, and never replaces: of two agents at their first start one wins, and both read its keys.
      linkSync(fresh, path);
    });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw unusable(path, `cannot be made (${errnoOf(error)})`);
  }
  const made = readSecretKeys(path);
  if (made !== undefined) return made;
  throw unusable(path, "was removed just now");
}

/**
 * Adds a key to the file at `path`, which seals from the next start of the agent on. The earlier ones stay, for what they sealed. On disk when
 * this returns; whoever reads the file meanwhile sees the old keys or the new ones.
 * @throws {StartFailure} as {@link readOrMakeSecretKeys}; when another rotation is under way; when there are as many keys as there may be.
 */
export function rotateSecretKeys(path: string): SecretKeys {
  const lock = `${path}.rotating`;
  const descriptor = locked(path, lock);
  try {
    // Read under the lock: a key that another rotation has added meanwhile may already seal.
    const [first, ...more] = readOrMakeSecretKeys(path);
    const rotated: SecretKeys = [first, ...more, newKey()];
    if (rotated.length > keysMax) throw full(path);
    writeNew(path, rotated, (fresh) => renameSync(fresh, path));
    return rotated;
  } finally {
    closeSync(descriptor);
    rmSync(lock, { force: true });
  }
}

function locked(path: string, lock: string): number {
  try {
    makeFolderOf(path);
  } catch (error) {
    throw unusable(path, `cannot be made (${errnoOf(error)})`);
  }
  try {
    return openSync(lock, "wx", 0o600);
  } catch (error) {
    const why = `is being rotated by another command; if there is none, remove ${lock}`;
    throw unusable(
      path,
      errnoOf(error) === "EEXIST" ? why : `cannot be changed (${errnoOf(error)})`,
    );
  }
}

/** The keys in the file; undefined when there is no file. */
function readSecretKeys(path: string): SecretKeys | undefined {
  let descriptor: number;
  try {
    // Without waiting for a writer, should it be a pipe.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw unusable(path, `cannot be read (${errnoOf(error)})`);
  }
  try {
    const about = fstatSync(descriptor);
    if (!about.isFile()) throw unusable(path, "is no file");
    if ((about.mode & 0o077) !== 0)
      throw unusable(path, `is open to others than its owner: run chmod 600 ${path}`);
    const uid = process.getuid?.();
    if (uid !== undefined && about.uid !== uid && about.uid !== 0)
      throw unusable(path, `belongs to uid ${about.uid}, who could change it: run chown on it`);
    return keysIn(readFileSync(descriptor, "utf8"), path);
  } finally {
    closeSync(descriptor);
  }
}

/** Says where the text is wrong, never what it holds. */
function keysIn(text: string, path: string): SecretKeys {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw unusable(path, "is not JSON: put back a copy of it");
  }
  const parsed = fileSchema.safeParse(data);
  if (!parsed.success) {
    const where = parsed.error.issues.map((it) => `${it.path.join(".")} ${it.message}`).join("; ");
    throw unusable(path, `holds no keys (${where}): put back a copy of it`);
  }
  const [first, ...more] = parsed.data.keys;
  if (first === undefined) throw unusable(path, "holds no keys: put back a copy of it");
  return [first, ...more];
}

function makeFolderOf(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
}

function newKey(): SecretKey {
  return {
    id: randomBytes(idBytes).toString("hex"),
    createdAt: new Date().toISOString(),
    secret: randomBytes(keyBytes).toString("base64"),
  };
}

/** Writes the keys beside `path`, durably, has them put into place, and makes that durable too. */
function writeNew(path: string, keys: SecretKeys, put: (fresh: string) => void): void {
  const fresh = `${path}.${randomUUID()}.tmp`;
  try {
    const text = `${JSON.stringify({ format: 1, keys }, undefined, 2)}\n`;
    writeFileSync(fresh, text, { mode: 0o600, flag: "wx", flush: true });
    put(fresh);
  } finally {
    rmSync(fresh, { force: true });
  }
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function unusable(path: string, why: string): StartFailure {
  return new StartFailure(
    exitCodes.configuration,
    `the key file ${path} ${why}; name another one with PERSYS_SECRET_KEYS_FILE`,
  );
}

function full(path: string): StartFailure {
  return new StartFailure(
    exitCodes.configuration,
    `the key file ${path} has ${keysMax} keys, the most there may be, and was left as it is: start the agent once, which seals all it stores with the last key, keep a copy of the file, and remove keys from its beginning; what was applied under one of those is compared no more, and takes another revision id when it is applied again`,
  );
}
