import { AgentError } from "@persys/core";
import { execa } from "execa";
import { errnoOf } from "../docker/docker-errors.ts";
import { endGroup, markVariable } from "./compose-command.ts";

/** What bounds one fetch. */
export interface GitLimits {
  /** For all calls of one fetch together, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest file that git may write: what it fetches is one pack. */
  readonly packBytesMax: number;
  /** Commits, folders and files that it may fetch. */
  readonly objectsMax: number;
}

/** One call of git. */
export interface GitCall {
  readonly args: readonly string[];
  /** The repository of our own that it works in. */
  readonly folder: string;
  /** Marks it and all that it starts, so that what outlives its agent is found. */
  readonly mark: string;
  /** Settings for this call besides those that always hold; seen by nobody but the agent's account. */
  readonly settings?: readonly (readonly [name: string, value: string])[];
  /** The only scheme that it may reach others by; left out: none. */
  readonly scheme?: "http" | "https";
  readonly limits: GitLimits;
  readonly signal: AbortSignal;
}

/** How a call has ended. */
export interface GitResult {
  /** Undefined: a signal has ended it. */
  readonly code: number | undefined;
  /** Whether it said more than it may, and was ended for it. */
  readonly isTooMuch: boolean;
  readonly output: Uint8Array;
  /** The last of what it said to its standard error. May quote what the other side has sent. */
  readonly words: string;
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/**
 * What each process of git may have of memory, in bytes: what others have packed may unpack to anything. Enough for the files and folders of
 * repositories with a hundred thousand of them.
 */
const memoryBytesMax = 268_435_456;
/** What may come out of one call: far more than a compose file may have. */
const outputBytesMax = 2_097_152;
const wordsBytesMax = 16_384;
/** Settings in variables of the environment, by which nothing gets into arguments and files, came with this version. */
const oldestVersion = [2, 31] as const;

/**
 * Holds whatever the host, its users, the repository or the environment of the agent says. Nothing is checked out: no hook, filter, submodule or
 * symbolic link of a repository comes to have an effect.
 */
const standing: readonly (readonly [name: string, value: string])[] = [
  ["core.askPass", ""],
  ["core.bigFileThreshold", "1m"],
  // The defaults, 96 MiB and a GiB, are out of proportion to what it may have of memory.
  ["core.deltaBaseCacheLimit", "16m"],
  ["core.fsmonitor", "false"],
  ["core.hooksPath", "/dev/null"],
  ["core.packedGitWindowSize", "16m"],
  ["credential.helper", ""],
  ["fetch.recurseSubmodules", "false"],
  ["fetch.unpackLimit", "1"],
  ["gc.auto", "0"],
  ["http.followRedirects", "false"],
  ["http.lowSpeedLimit", "1"],
  ["http.lowSpeedTime", "30"],
  ["maintenance.auto", "false"],
  ["pack.threads", "1"],
  ["protocol.allow", "never"],
  ["submodule.recurse", "false"],
  ["transfer.bundleURI", "false"],
];

/** The git of this host, run without a shell, in an environment that has nothing of the agent's, with limits that the kernel keeps. */
export class GitCommand {
  #isThere = false;

  /** @throws {AgentError} RUNTIME_UNAVAILABLE where git is not there or too old. */
  async find(signal: AbortSignal): Promise<void> {
    if (this.#isThere) return;
    const { stdout } = await run(["git", "--version"], { PATH: path, LC_ALL: "C.UTF-8" }, signal);
    const said = new TextDecoder().decode(stdout);
    const [, major = "0", minor = "0"] = /^git version (\d+)\.(\d+)/.exec(said) ?? [];
    const version = [Number(major), Number(minor)] as const;
    const isOld =
      version[0] < oldestVersion[0] ||
      (version[0] === oldestVersion[0] && version[1] < oldestVersion[1]);
    if (isOld)
      throw unavailable(`git is older than ${oldestVersion.join(".")}: install a newer one`);
    this.#isThere = true;
  }

  /**
   * Runs git to its end; a code other than 0 is a result like any other.
   * @throws the signal's reason when it aborts, once git and all it has started are gone. {AgentError} RUNTIME_UNAVAILABLE where it cannot be run.
   */
  async run({
    args,
    folder,
    mark,
    settings = [],
    scheme,
    limits,
    signal,
  }: GitCall): Promise<GitResult> {
    await this.find(signal);
    const all = [...standing, ...settings];
    if (scheme !== undefined) all.push([`protocol.${scheme}.allow`, "always"]);
    const seconds = Math.ceil(limits.timeoutMs / 1_000);
    // Should the agent be killed meanwhile, git does not go on for ever.
    const patience = ["timeout", "--signal=KILL", String(seconds + 5)];
    const bounds = [`--as=${memoryBytesMax}`, `--cpu=${seconds}`, "--core=0"];
    const size = `--fsize=${limits.packBytesMax}`;
    const words = [...patience, "prlimit", ...bounds, size, "--", "git", ...args];
    const variables = {
      PATH: path,
      HOME: "/nonexistent",
      LC_ALL: "C.UTF-8",
      // Each thread would take as much for a heap of its own as is left.
      MALLOC_ARENA_MAX: "1",
      [markVariable]: mark,
      GIT_ALLOW_PROTOCOL: scheme ?? "",
      GIT_ASKPASS: "",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_SYSTEM: "/dev/null",
      GIT_DIR: folder,
      GIT_LITERAL_PATHSPECS: "1",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_PROTOCOL_FROM_USER: "0",
      GIT_TERMINAL_PROMPT: "0",
      GIT_CONFIG_COUNT: String(all.length),
      ...Object.fromEntries(
        all.flatMap(([name, value], at) => [
          [`GIT_CONFIG_KEY_${at}`, name],
          [`GIT_CONFIG_VALUE_${at}`, value],
        ]),
      ),
    };
    const { code, stdout, stderr, isTooMuch } = await run(words, variables, signal);
    if (code === 126 || code === 127)
      throw unavailable(
        "git, timeout or prlimit cannot be run: install git, coreutils, util-linux",
      );
    return {
      code,
      isTooMuch: isTooMuch && stdout.byteLength >= outputBytesMax,
      output: stdout,
      words: new TextDecoder().decode(stderr),
    };
  }
}

interface Ended {
  readonly code: number | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly isTooMuch: boolean;
}

async function run(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Ended> {
  signal.throwIfAborted();
  const [program = "", ...args] = words;
  const child = execa(program, args, {
    cwd: "/",
    detached: true,
    encoding: "buffer",
    env,
    extendEnv: false,
    maxBuffer: { stdout: outputBytesMax, stderr: wordsBytesMax },
    reject: false,
    stdin: "ignore",
    stripFinalNewline: false,
  });
  const end = (): void => {
    endGroup(child.pid);
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    const { cause, exitCode, isMaxBuffer, stdout, stderr } = await child;
    signal.throwIfAborted();
    const errno = errnoOf(cause);
    if (errno !== undefined && exitCode === undefined && !isMaxBuffer)
      throw unavailable(`${program} cannot be run (${errno}): install it`);
    return { code: exitCode, stdout, stderr, isTooMuch: isMaxBuffer };
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

function unavailable(why: string): AgentError {
  return new AgentError("RUNTIME_UNAVAILABLE", `files cannot be fetched by git: ${why}`, {
    retryable: true,
    effect: "none",
  });
}
