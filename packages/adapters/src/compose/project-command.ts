import { AgentError, secretValueOf, type Violation } from "@persys/core";
import { CommandPlaces } from "./command-places.ts";
import { type CommandInput, commandInput, withoutPrefix } from "./command-variables.ts";
import type { ComposeCommand, ComposeResult } from "./compose-command.ts";
import { commandFailed, redacted, refusedFile } from "./compose-errors.ts";
import { nestedReferences } from "./file-variables.ts";
import { noFolder } from "./mounted-paths.ts";
import { secretsOf } from "./project-secrets.ts";
import type { ProjectSource } from "./project-source.ts";
import { refusedAsks } from "./refused-asks.ts";
import { type ResolvedProject, resolvedProject } from "./resolved-project.ts";

/** The name of a project whose file is only looked at. */
export const resolvedUnder = "persys-resolved";

/** Files that are looked at together: each takes a process, of some tens of megabytes. */
const looksAtOnce = 4;
/** Looks that wait for those. */
const looksWaitingMax = 64;
/** How long a look may take, in milliseconds: it needs neither network nor engine. */
const lookTimeoutMs = 60_000;
/**
 * How the command ends when it does not take a file: the first generation with 1; the second with 1, or with what it has for files that are not
 * there or cannot be parsed and for wrong words (docker/compose, pkg/compose, metrics). Every other code is one of the command's own failures:
 * 2 is a panic of Go, 125 to 127 are for programs that cannot be run, and more than 128 is a signal.
 */
const codesOfUser: ReadonlySet<number> = new Set([1, 14, 15, 16]);

/** What is brought up, and how. */
export interface UpRequest {
  readonly project: string;
  /** The file and its variables, with what references stand for. */
  readonly input: CommandInput;
  readonly mark: string;
  readonly profiles: readonly string[];
  /** Only these services, without those they depend on; undefined: all. */
  readonly services?: readonly string[];
  /** What becomes of containers that are there: left as they are, made again, or made again where their configuration has changed. */
  readonly existing: "keep" | "remake" | "update";
}

/** What the compose command is asked to do. */
export class ProjectCommand {
  readonly #command: ComposeCommand;
  /** By the source itself, as long as anybody has it: policy is judged several times for each request. */
  #resolved = new WeakMap<object, ResolvedProject>();
  readonly #looks: CommandPlaces = new CommandPlaces(
    looksAtOnce,
    looksWaitingMax,
    "compose files wait to be judged",
  );
  readonly #lookTimeoutMs: number;

  /** A look at a file is called off after `timeoutMs`. */
  constructor(command: ComposeCommand, timeoutMs: number = lookTimeoutMs) {
    this.#command = command;
    this.#lookTimeoutMs = timeoutMs;
  }

  /**
   * A file as the command understands it. Nothing is written, and the engine is not asked. What references stand for is not looked up: it
   * cannot matter, since containers alone get to see it.
   * @throws {AgentError} INVALID_SPEC, with what is refused or with the command's words; RUNTIME_UNAVAILABLE where there is no command;
   * LIMIT_EXCEEDED, retryable, where too many wait to be looked at; TIMEOUT and RUNTIME_ERROR, retryable, where the command itself has failed.
   */
  async resolve(source: ProjectSource, signal: AbortSignal): Promise<ResolvedProject> {
    const known = this.#resolved.get(source);
    if (known !== undefined) return known;
    const result = await this.#looks.run(() => this.#look(source, signal), signal);
    if (result.code !== 0) throw this.#lookFailed(result, source);
    const project = resolvedProject(result.stdout, source.profiles);
    refuse(refusedAsks(project));
    this.#resolved.set(source, project);
    return project;
  }

  async #look(
    { document, env, profiles }: ProjectSource,
    signal: AbortSignal,
  ): Promise<ComposeResult> {
    const timeout = AbortSignal.timeout(this.#lookTimeoutMs);
    const either = AbortSignal.any([signal, timeout]);
    const judged = judgedEnvironment(env);
    const { text, env: variables } = commandInput(document, judged);
    try {
      const { isFirst } = await this.#command.find(either);
      if (isFirst) refuse(nestedReferences(document, judged));
      return await this.#command.run({
        // The name and the folder only complete what is left open; nothing has either.
        args: [
          "--project-name",
          resolvedUnder,
          "--project-directory",
          noFolder,
          "--file",
          "-",
          ...profiles.flatMap((it) => ["--profile", it]),
          "config",
          ...(isFirst ? [] : ["--format", "json"]),
        ],
        env: variables,
        mark: "config",
        cwd: noFolder,
        input: text,
        signal: either,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw timeout.aborted ? tookTooLong(this.#lookTimeoutMs) : error;
    }
  }

  #lookFailed({ code, stderr }: ComposeResult, { document, env }: ProjectSource): AgentError {
    const words = redacted(withoutPrefix(stderr), [...Object.values(env), ...secretsOf(document)]);
    if (!codesOfUser.has(code))
      return commandFailed("look at a compose file", `exit code ${code}. ${words}`, {
        effect: "none",
      });
    return new AgentError("INVALID_SPEC", `the compose command does not take the file: ${words}`, {
      fault: "user",
      effect: "none",
    });
  }

  /**
   * Brings a project up, and resolves once the command has ended.
   * @throws {AgentError} RUNTIME_ERROR, retryable, with the command's words without `secrets`.
   */
  async up(request: UpRequest, secrets: readonly string[], signal: AbortSignal): Promise<void> {
    const { isFirst } = await this.#command.find(signal);
    const { services, existing, input } = request;
    const result = await this.#command.run({
      args: [
        "--ansi",
        "never",
        ...(isFirst ? [] : ["--progress", "plain"]),
        "--project-name",
        request.project,
        "--project-directory",
        noFolder,
        "--file",
        "-",
        ...request.profiles.flatMap((it) => ["--profile", it]),
        "up",
        "--detach",
        "--no-build",
        ...(isFirst ? [] : ["--pull", "never"]),
        ...(existing === "keep" ? ["--no-recreate"] : []),
        ...(existing === "remake" ? ["--force-recreate"] : []),
        // Removing orphans with a part of the services alone would be a matter of luck.
        ...(services === undefined ? ["--remove-orphans"] : ["--no-deps", "--", ...services]),
      ],
      env: input.env,
      mark: request.mark,
      cwd: noFolder,
      input: input.text,
      signal,
    });
    if (result.code === 0) return;
    throw commandFailed(
      `bring up the project ${request.project}`,
      redacted(withoutPrefix(result.stderr), secrets),
    );
  }

  /** Forgets what was remembered: another command may understand files otherwise. */
  forget(): void {
    this.#resolved = new WeakMap();
    this.#command.forget();
  }
}

/** An environment to judge a file with. What a reference stands for is not empty, whatever it is. */
function judgedEnvironment(
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const judged = Object.entries(env).map(([name, value]) => {
    const meant = secretValueOf(value);
    return [name, meant.kind === "literal" ? meant.text : "a-secret"] as const;
  });
  return Object.fromEntries(judged);
}

function tookTooLong(timeoutMs: number): AgentError {
  return new AgentError(
    "TIMEOUT",
    `the compose command did not look through a compose file within ${timeoutMs} ms`,
    { retryable: true, effect: "none" },
  );
}

function refuse(violations: readonly Violation[]): void {
  const [first] = violations;
  if (first === undefined) return;
  throw refusedFile(`${first.path.join(".")} ${first.rule}`, violations);
}
