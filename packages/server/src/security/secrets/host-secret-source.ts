import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import {
  AgentError,
  type Demands,
  type HostPolicySource,
  policyDenied,
  type SecretReference,
  type SecretSource,
} from "@persys/core";
import { errnoOf } from "../../errno.ts";

/** What a host secret source is made of. */
export interface HostSecretSourceOptions {
  /** Says which files and variables may be referred to. */
  readonly policy: HostPolicySource;
  /** The agent's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One entry of an environment may have 128 KiB for the kernel (MAX_ARG_STRLEN), its name included. */
const valueBytesMax = 130_000;

/**
 * Finds references on this host. A file is opened first and judged then, by where the open file really is: no link can be put in its place
 * between the two.
 */
export class HostSecretSource implements SecretSource {
  readonly #options: HostSecretSourceOptions;

  constructor(options: HostSecretSourceOptions) {
    this.#options = options;
  }

  async read(reference: SecretReference, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    return reference.kind === "file"
      ? this.#readFile(reference.path)
      : this.#readVariable(reference.name);
  }

  async #readFile(path: string): Promise<string> {
    const what = `file:${path}`;
    let file: FileHandle;
    try {
      // A pipe is not waited for, and a terminal does not become ours.
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch (error) {
      throw unavailable(what, missing(errnoOf(error)));
    }
    try {
      const real = await readlink(`/proc/self/fd/${file.fd}`);
      const about = await file.stat();
      // The kernel's name of a file that is gone is no path: `/run/secrets/db (deleted)`.
      if (about.nlink === 0) throw unavailable(what, replaced);
      await this.#judgeFile(path, real);
      if (!about.isFile()) throw unavailable(what, "is no file");
      if (about.size > valueBytesMax) throw unavailable(what, tooLarge);
      return textIn(await file.readFile(), what);
    } catch (error) {
      throw AgentError.is(error) ? error : unavailable(what, missing(errnoOf(error)));
    } finally {
      await file.close();
    }
  }

  /** What was put elsewhere after it was opened is not judged by where it was. */
  async #judgeFile(path: string, real: string): Promise<void> {
    try {
      this.#judge({ secretFiles: [{ field: "env", path: real, written: path }] });
    } catch (error) {
      if ((await realpath(path)) !== real) throw unavailable(`file:${path}`, replaced);
      throw error;
    }
  }

  #readVariable(name: string): string {
    const what = `env:${name}`;
    this.#judge({ secretVariables: [{ field: "env", name }] });
    const value = this.#options.env[name];
    if (value === undefined || !Object.hasOwn(this.#options.env, name))
      throw unavailable(what, "is not in the agent's environment");
    if (Buffer.byteLength(value) > valueBytesMax) throw unavailable(what, tooLarge);
    return value;
  }

  #judge(asked: Pick<Demands, "secretFiles" | "secretVariables">): void {
    const nothing = { cpuMillicores: 0, memoryBytes: 0, hostPaths: [], user: "" };
    const denials = this.#options.policy.current().judge({ ...nothing, ...asked }, "secret");
    if (denials.length > 0) throw policyDenied(denials);
  }
}

const replaced = "is being replaced";
const tooLarge = `has more than ${valueBytesMax} bytes, too many for a value of an environment`;

/** The text of a file, without the one line end that editors put behind it. */
function textIn(bytes: Buffer, what: string): string {
  if (bytes.length > valueBytesMax) throw unavailable(what, tooLarge);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unavailable(what, "is not UTF-8 text");
  }
  if (text.includes("\0")) throw unavailable(what, "holds a NUL character");
  return text.replace(/\r?\n$/, "");
}

function missing(errno: string): string {
  if (errno === "ENOENT" || errno === "ENOTDIR") return "does not exist on this node";
  if (errno === "EACCES" || errno === "EPERM") return "may not be read by the agent's account";
  return `cannot be read (${errno})`;
}

/** Without a cause: errors of the system can quote what they were about. */
function unavailable(what: string, why: string): AgentError {
  return new AgentError(
    "SECRET_UNAVAILABLE",
    `a secret of the spec cannot be had: ${what} ${why}; it is tried again`,
    { retryable: true, effect: "none" },
  );
}
