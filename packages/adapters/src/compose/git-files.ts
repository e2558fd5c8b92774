import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AgentError, type RepositoryDemand, type SecretSource, secretValueOf } from "@persys/core";
import { FetchFolders, type FetchPlace } from "./fetch-folders.ts";
import { addressesOf, addressSettings, ownAddresses } from "./git-addresses.ts";
import { basicOf } from "./git-authorization.ts";
import { GitCommand, type GitLimits, type GitResult } from "./git-command.ts";
import { GitFailures, tooLarge } from "./git-failures.ts";
import {
  type GitOrigin,
  type GitSource,
  fetchedRepositoryOf,
  urlOf,
  usualPaths,
} from "./git-source.ts";
import { HostPlaces } from "./host-places.ts";

/** A file as it was fetched. */
export interface FetchedFile extends GitOrigin {
  readonly text: string;
}

/** What fetches files. */
export interface GitFilesOptions {
  /** A folder for repositories that are being fetched, private to this agent. Empty between fetches. */
  readonly folder: string;
  /** Finds passwords; undefined: none can be had. */
  readonly secretSource: SecretSource | undefined;
  /** Throws where the node does not allow it; asked before a host is looked up, and again before it is reached. Default: all is allowed. */
  readonly admit?: (repository: RepositoryDemand) => void;
  readonly limits: GitLimits;
}

/** The limits where nothing else is said: a compose file has some kilobytes, and all that comes with it are the folders around it. */
export const usualGitLimits: GitLimits = {
  timeoutMs: 60_000,
  packBytesMax: 67_108_864,
  objectsMax: 100_000,
};

/** Longest compose file, in bytes: the reader refuses what has too many characters, and says so. */
const fileBytesMax = 1_048_576;
/** Longest password, in bytes: hosts refuse longer headers, and git is given it in a variable, which the kernel bounds. */
const passwordBytesMax = 8_192;
const fetchesOfHost = { places: 2, waiting: 64 };
const fetchesOfAll = { places: 6, waiting: 256 };
const wanted = "refs/persys/wanted";

/** Where a fetch works, and how long it may. */
interface Fetch extends FetchPlace {
  readonly source: GitSource;
  /** The only ones that the host is reached at. */
  readonly addresses: readonly string[];
  readonly password: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Fetches single files out of repositories of git: the newest commit of what is asked for, without its history, and of its files only the one
 * (where the host can do that, which those of today can). Nothing is checked out.
 */
export class GitFiles {
  readonly #options: GitFilesOptions;
  readonly #git = new GitCommand();
  readonly #failures: GitFailures = new GitFailures();
  readonly #places: HostPlaces = new HostPlaces(
    fetchesOfHost,
    fetchesOfAll,
    "repositories wait to be fetched",
  );
  readonly #folders: FetchFolders;

  constructor(options: GitFilesOptions) {
    this.#options = options;
    this.#folders = new FetchFolders(options.folder);
  }

  /**
   * Removes what the fetches of an agent that was killed have left, and ends those that still go on.
   * @throws {AgentError} STORAGE_ERROR, RUNTIME_ERROR where something stays.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    await this.#folders.sweep(signal);
  }

  /**
   * The file that a source means now. Repeatable; leaves nothing behind. Others may be fetched first: for no longer than `waitMsMax`, if given.
   * @throws {AgentError} INVALID_SPEC where the file is not there or is none, retryable where it may come; SECRET_UNAVAILABLE; PERMISSION_DENIED;
   * NETWORK_ERROR; TIMEOUT; LIMIT_EXCEEDED; RUNTIME_UNAVAILABLE without git; RUNTIME_ERROR with git's words; what `admit` throws.
   */
  async fetch(source: GitSource, signal: AbortSignal, waitMsMax?: number): Promise<FetchedFile> {
    this.#options.admit?.(fetchedRepositoryOf(source));
    // With a dot at the end of its name it is the same host.
    const host = new URL(urlOf(source)).host.replace(/\.(?=:|$)/, "");
    return this.#places.run(host, () => this.#inTime(source, signal), signal, waitMsMax);
  }

  async #inTime(source: GitSource, signal: AbortSignal): Promise<FetchedFile> {
    const { timeoutMs } = this.#options.limits;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#inFolder(source, AbortSignal.any([signal, timeout]));
    } catch (error) {
      signal.throwIfAborted();
      if (!timeout.aborted) throw error;
      throw new AgentError(
        "TIMEOUT",
        `the repository ${source.repository} was not fetched within ${timeoutMs} ms`,
        { retryable: true, effect: "none" },
      );
    }
  }

  async #inFolder(source: GitSource, signal: AbortSignal): Promise<FetchedFile> {
    const addresses = await addressesOf(source, signal);
    this.#options.admit?.({
      ...fetchedRepositoryOf(source),
      addresses,
      ownAddresses: ownAddresses(),
    });
    const password = await this.#passwordOf(source, signal);
    return this.#folders.use((place) =>
      this.#fetchInto({ ...place, source, addresses, password, signal }),
    );
  }

  async #fetchInto(fetch: Fetch): Promise<FetchedFile> {
    const { source } = fetch;
    const { ref = "" } = source;
    const made = await this.#run(fetch, ["init", "--quiet", "--bare", "--template="]);
    if (made.code !== 0) throw this.#failures.other(source, made.words, fetch.password);
    const got = await this.#reach(fetch, [
      "fetch",
      "--quiet",
      "--depth=1",
      "--no-tags",
      "--no-write-fetch-head",
      "--filter=blob:none",
      "--",
      "origin",
      `+${ref === "" ? "HEAD" : ref}:${wanted}`,
    ]);
    if (got.code !== 0) throw await this.#explained(fetch, got);
    await this.#checkCount(fetch);
    const commit = await this.#run(fetch, [
      "rev-parse",
      "--verify",
      "--quiet",
      `${wanted}^{commit}`,
    ]);
    if (commit.code !== 0) throw this.#failures.noCommit(source);
    const { path, id } = await this.#find(fetch);
    const file = await this.#reach(fetch, ["cat-file", "blob", id]);
    if (file.isTooMuch || file.output.byteLength > fileBytesMax)
      throw this.#failures.badFile(source, path, `has more than ${fileBytesMax} bytes`);
    if (file.code !== 0) throw await this.#explained(fetch, file);
    const text = textIn(file.output);
    if (text === undefined) throw this.#failures.badFile(source, path, "is no UTF-8 text");
    const { repository } = source;
    return { repository, ref, path, commit: wordOf(commit), text };
  }

  /** The file in the commit, by its id. */
  async #find(fetch: Fetch): Promise<{ readonly path: string; readonly id: string }> {
    const { source } = fetch;
    const paths = source.path ? [source.path] : usualPaths;
    const listed = await this.#run(fetch, ["ls-tree", "-z", wanted, "--", ...paths]);
    if (listed.code !== 0) throw this.#failures.other(source, listed.words, fetch.password);
    const entries = new TextDecoder()
      .decode(listed.output)
      .split("\0")
      .flatMap((line) => {
        const [, mode, kind, id, path] = /^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
        return mode && kind && id && path ? [{ mode, kind, id, path }] : [];
      });
    const found = paths.flatMap((path) => entries.find((it) => it.path === path) ?? [])[0];
    if (found === undefined) throw this.#failures.noFile(source, paths);
    const { mode, kind, id, path } = found;
    // 100644 and 100755 are files; 120000 is a symbolic link (git-fast-import(1)).
    if (kind === "blob" && mode.startsWith("100")) return { path, id };
    const what = kind === "tree" ? "is a folder" : "is a symbolic link or another repository";
    throw this.#failures.badFile(source, path, `${what}: name the file itself`);
  }

  async #checkCount(fetch: Fetch): Promise<void> {
    const { objectsMax } = this.#options.limits;
    const counted = await this.#run(fetch, ["count-objects", "-v"]);
    const text = new TextDecoder().decode(counted.output);
    const [, count] = /^in-pack: (\d+)$/m.exec(text) ?? [];
    if (counted.code !== 0 || count === undefined)
      throw this.#failures.other(fetch.source, counted.words, fetch.password);
    if (Number(count) <= objectsMax) return;
    throw tooLarge(fetch.source, `more than ${objectsMax} files and folders`);
  }

  async #explained(fetch: Fetch, { words }: GitResult): Promise<AgentError> {
    const { source, password, signal } = fetch;
    const { packBytesMax } = this.#options.limits;
    if ((await largestFile(join(fetch.folder, "objects", "pack"))) >= packBytesMax)
      return tooLarge(source, `more than ${packBytesMax} bytes`);
    const found = await this.#failures.look(fetch, signal);
    if (found !== undefined) return found;
    const listed = await this.#reach(fetch, [
      "ls-remote",
      "--quiet",
      "--exit-code",
      "--",
      "origin",
      source.ref || "HEAD",
    ]);
    // What git ends with where nothing matches (git-ls-remote(1), --exit-code).
    return listed.code === 2
      ? this.#failures.noCommit(source)
      : this.#failures.other(source, words, password);
  }

  /** A call that stays on this host. */
  #run({ folder, mark, signal }: Fetch, args: readonly string[]): Promise<GitResult> {
    return this.#git.run({ args, folder, mark, limits: this.#options.limits, signal });
  }

  /** A call that may reach the repository. */
  #reach(fetch: Fetch, args: readonly string[]): Promise<GitResult> {
    const { source, addresses, folder, mark, password, signal } = fetch;
    const url = urlOf(source);
    const { origin, protocol } = new URL(url);
    const authorization =
      password === undefined ? [] : [authorizationSetting(origin, source, password)];
    return this.#git.run({
      args,
      folder,
      mark,
      signal,
      limits: this.#options.limits,
      scheme: protocol === "https:" ? "https" : "http",
      settings: [
        ["remote.origin.url", url],
        ["remote.origin.promisor", "true"],
        ["remote.origin.partialclonefilter", "blob:none"],
        ...addressSettings(source, addresses),
        ...authorization,
      ],
    });
  }

  async #passwordOf(
    { password = "" }: GitSource,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (password === "") return undefined;
    const meant = secretValueOf(password);
    const { secretSource } = this.#options;
    if (meant.kind === "literal" || secretSource === undefined)
      throw noPassword(
        "git.password refers to a secret, and this runtime was given no source of secrets",
      );
    const found = await secretSource.read(meant, signal);
    if (Buffer.byteLength(found) <= passwordBytesMax) return found;
    throw noPassword(`what git.password refers to has more than ${passwordBytesMax} bytes`);
  }
}

function noPassword(message: string): AgentError {
  return new AgentError("SECRET_UNAVAILABLE", message, { retryable: true, effect: "none" });
}

/** For this host alone, and through the environment: neither arguments nor addresses hold the password. */
function authorizationSetting(
  origin: string,
  { username }: GitSource,
  password: string,
): readonly [string, string] {
  return [`http.${origin}/.extraHeader`, `Authorization: ${basicOf(username, password)}`];
}

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // No text: the caller says what was expected.
    return undefined;
  }
}

function wordOf({ output }: GitResult): string {
  return new TextDecoder().decode(output).trim();
}

/** In bytes; 0 where there is none. A pack that has grown to its limit is left there by the signal that ended it. */
async function largestFile(folder: string): Promise<number> {
  try {
    const names = await readdir(folder);
    const files = await Promise.all(names.map((it) => stat(join(folder, it))));
    return Math.max(0, ...files.map(({ size }) => size));
  } catch {
    // It only helps to say why.
    return 0;
  }
}
