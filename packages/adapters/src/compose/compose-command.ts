import { AgentError } from "@persys/core";
import { execa } from "execa";
import { errnoOf } from "../docker/docker-errors.ts";
import type { DockerEndpoint } from "../docker/docker-endpoint.ts";

/** How a compose command is found and what it speaks to. */
export interface ComposeCommandOptions {
  /** The words of the command, such as `docker compose`; undefined: that, else `docker-compose`. */
  readonly binary: readonly string[] | undefined;
  readonly endpoint: DockerEndpoint;
  /** A folder that need not exist: nothing of anybody's own configuration of Docker is used. */
  readonly configFolder: string;
}

/** A compose command that is there. */
export interface FoundCommand {
  readonly words: readonly string[];
  /** `2.40.3`. */
  readonly version: string;
  /** Whether it is of the first generation, the one in Python. */
  readonly isFirst: boolean;
}

/** One call of the compose command. */
export interface ComposeCall {
  readonly args: readonly string[];
  /** The environment of the workload's own: nothing of the agent's comes with it. */
  readonly env: Readonly<Record<string, string>>;
  /** Marks the process, so that one that outlives its agent is found. */
  readonly mark: string;
  /** A folder to run in. */
  readonly cwd?: string;
  readonly input?: string;
  readonly signal: AbortSignal;
}

/** How a call has ended. */
export interface ComposeResult {
  readonly code: number;
  readonly stdout: string;
  /** The last of what it said to its standard error. */
  readonly stderr: string;
}

/** The variable that marks our commands in the table of processes. */
export const markVariable = "PERSYS_COMPOSE_PROJECT";

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const usualCommands = [["docker", "compose"], ["docker-compose"]] as const;
const versionTimeoutMs = 15_000;
/** More than this no project of {@link fileCharsMax} has as output of `config`. */
const stdoutCharsMax = 16_777_216;
const stderrCharsMax = 16_384;

/**
 * The compose command of this host: `docker compose`, or `docker-compose` of either generation. Run without a shell, in a process group of its
 * own, in an environment that has nothing of the agent's.
 */
export class ComposeCommand {
  readonly #options: ComposeCommandOptions;
  #found: FoundCommand | undefined;

  constructor(options: ComposeCommandOptions) {
    this.#options = options;
  }

  /** The command; looked for until it is there. @throws {AgentError} RUNTIME_UNAVAILABLE where there is none. */
  async find(signal: AbortSignal): Promise<FoundCommand> {
    if (this.#found !== undefined) return this.#found;
    const { binary } = this.#options;
    const tried = binary === undefined ? usualCommands : [binary];
    for (const words of tried) {
      const version = await this.#versionOf(words, signal);
      if (version === undefined) continue;
      this.#found = { words, version, isFirst: version.startsWith("1.") };
      return this.#found;
    }
    const names = tried.map((it) => `\`${it.join(" ")}\``).join(" nor ");
    throw new AgentError(
      "RUNTIME_UNAVAILABLE",
      `this node has no compose command (neither ${names} tells its version): install one`,
      { retryable: true, effect: "none" },
    );
  }

  /** Forgets which command there is: it may have been upgraded. */
  forget(): void {
    this.#found = undefined;
  }

  /**
   * Runs the command to its end; a code other than 0 is a result like any other.
   * @throws the signal's reason when it aborts, once the command and all it has started are gone.
   */
  async run(call: ComposeCall): Promise<ComposeResult> {
    const { words } = await this.find(call.signal);
    return this.#execute(words, call);
  }

  async #versionOf(words: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const timeout = AbortSignal.timeout(versionTimeoutMs);
    const either = AbortSignal.any([signal, timeout]);
    try {
      const call = { args: ["version", "--short"], env: {}, mark: "version", signal: either };
      const { code, stdout } = await this.#execute(words, call);
      const version = /^v?(\d+\.\d+\.\S+)/.exec(stdout.trim())?.[1];
      return code === 0 ? version : undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted || AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) return undefined;
      throw error;
    }
  }

  async #execute(words: readonly string[], call: ComposeCall): Promise<ComposeResult> {
    const { args, env, mark, cwd = "/", input = "", signal } = call;
    signal.throwIfAborted();
    const [program = "", ...rest] = words;
    const child = execa(program, [...rest, ...args], {
      buffer: false,
      cwd,
      detached: true,
      encoding: "utf8",
      env: { ...env, ...this.#ownEnvironment(), [markVariable]: mark },
      extendEnv: false,
      input,
      reject: false,
      stripFinalNewline: false,
    });
    const end = (): void => {
      endGroup(child.pid);
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      const [stdout, stderr, result] = await Promise.all([
        firstOf(child.stdout, stdoutCharsMax),
        lastOf(child.stderr, stderrCharsMax),
        child,
      ]);
      signal.throwIfAborted();
      if (result.exitCode !== undefined) return { code: result.exitCode, stdout, stderr };
      throw notRun(program, result);
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  #ownEnvironment(): Readonly<Record<string, string>> {
    const { endpoint, configFolder } = this.#options;
    const { url, certificates } = endpoint;
    return {
      PATH: path,
      HOME: configFolder,
      LC_ALL: "C.UTF-8",
      DOCKER_HOST: url,
      DOCKER_CONFIG: configFolder,
      ...(certificates === undefined
        ? {}
        : { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates }),
      COMPOSE_HTTP_TIMEOUT: "3600",
      COMPOSE_INTERACTIVE_NO_CLI: "1",
      COMPOSE_MENU: "false",
      COMPOSE_ANSI: "never",
    };
  }
}

/** Ends a process and all it has started. Nothing to end is as good. */
export function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

/** It was not executed, or was ended by somebody else. */
function notRun(
  program: string,
  result: { readonly signal?: string; readonly cause?: unknown },
): AgentError {
  const errno = errnoOf(result.cause);
  if (errno === "E2BIG")
    return new AgentError(
      "INVALID_SPEC",
      `${program} cannot be given env: with what it refers to, it is more than a program of this host takes; make it shorter`,
      { fault: "user", retryable: false, effect: "none", cause: result.cause },
    );
  const code = errno === undefined ? "RUNTIME_ERROR" : "RUNTIME_UNAVAILABLE";
  const why = errno ?? `ended by ${result.signal ?? "something"}`;
  return new AgentError(code, `could not run ${program}: ${why}`, {
    retryable: true,
    effect: errno === undefined ? "unknown" : "none",
    cause: result.cause,
  });
}

async function firstOf(stream: AsyncIterable<unknown> | null, charsMax: number): Promise<string> {
  let text = "";
  for await (const piece of stream ?? []) if (text.length < charsMax) text += String(piece);
  return text;
}

async function lastOf(stream: AsyncIterable<unknown> | null, charsMax: number): Promise<string> {
  let text = "";
  for await (const piece of stream ?? []) text = (text + String(piece)).slice(-charsMax);
  return text;
}
