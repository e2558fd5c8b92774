import { readFile } from "node:fs/promises";
import type { Clock, Logger } from "@persys/core";
import { watchFiles } from "../watch-files.ts";
import { type AccessPolicy, readPolicy, type ReadPolicy } from "./access-policy.ts";

/** What a watched policy needs. */
export interface WatchedPolicyOptions {
  /** Absolute path of the access file. */
  readonly path: string;
  readonly clock: Pick<Clock, "schedule">;
  readonly logger: Logger;
}

/** The policy of an access file, read again whenever the file changes. One that cannot be used is logged, and the last good one holds. */
export class WatchedPolicy {
  readonly #options: WatchedPolicyOptions;
  readonly #endWatch: () => void;
  #policy: AccessPolicy;
  #complained = "";
  #reading: Promise<void> = Promise.resolve();

  private constructor(options: WatchedPolicyOptions, policy: AccessPolicy) {
    this.#options = options;
    this.#policy = policy;
    const { path, clock, logger } = options;
    this.#endWatch = watchFiles([path], { clock, logger, onChange: () => void this.reread() });
  }

  /** Reads the file and begins to watch it. Returns the reasons when it cannot be used. */
  static async open(
    options: WatchedPolicyOptions,
  ): Promise<
    | { readonly ok: true; readonly policy: WatchedPolicy }
    | { readonly ok: false; readonly problems: readonly string[] }
  > {
    const read = await readFrom(options.path);
    if (!read.ok) return read;
    return { ok: true, policy: new WatchedPolicy(options, read.policy) };
  }

  /** What holds now. */
  get current(): AccessPolicy {
    return this.#policy;
  }

  /** Reads the file now. Resolves once what it holds counts, or is known to be of no use. Never rejects. */
  reread(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  /** Ends the watching. What was read last goes on to hold. May be repeated. */
  close(): void {
    this.#endWatch();
  }

  async #read(): Promise<void> {
    const { path, logger } = this.#options;
    const read = await readFrom(path);
    const problems = read.ok ? "" : read.problems.join("; ");
    if (!read.ok && problems !== this.#complained) {
      logger.error("the access file cannot be used; what it said before goes on to hold", {
        path,
        problems: read.problems,
      });
    }
    this.#complained = problems;
    if (!read.ok || JSON.stringify(read.policy) === JSON.stringify(this.#policy)) return;
    this.#policy = read.policy;
    logger.info("a new access policy holds", { path, rules: read.policy.rules.length });
  }
}

async function readFrom(path: string): Promise<ReadPolicy> {
  try {
    return readPolicy(await readFile(path, "utf8"));
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { ok: false, problems: [`cannot read ${path} (${errno})`] };
  }
}
