import { AgentError, type Json, type Target } from "@persys/core";
import { CommandPlaces } from "./command-places.ts";
import type { ComposeCommand, ComposeResult } from "./compose-command.ts";
import { commandFailed, redacted } from "./compose-errors.ts";
import { type ComposeSpec, composeSpecOf } from "./compose-spec.ts";
import type { ComposeDocument } from "./compose-document.ts";
import { noFolder } from "./mounted-paths.ts";
import { secretsOf } from "./project-secrets.ts";
import { refusedAsks } from "./refused-asks.ts";
import { type ResolvedProject, resolvedProject } from "./resolved-project.ts";

/** The name of a project whose file is only looked at. */
export const resolvedUnder = "persys-resolved";

/** Files that are looked at together: each takes a process, of some tens of megabytes. */
const looksAtOnce = 4;
/** Looks that wait for those. */
const looksWaitingMax = 64;

/** What is brought up, and how. */
export interface UpRequest {
  readonly project: string;
  readonly file: string;
  readonly folder: string;
  readonly mark: string;
  readonly profiles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Only these services, without those they depend on; undefined: all. */
  readonly services?: readonly string[];
  /** What becomes of containers that are there: left as they are, made again, or made again where their configuration has changed. */
  readonly existing: "keep" | "remake" | "update";
}

/** A spec, with its file as data. */
interface ReadSpec {
  readonly spec: ComposeSpec;
  readonly document: ComposeDocument;
}

/** What the compose command is asked to do. */
export class ProjectCommand {
  readonly #command: ComposeCommand;
  /** By the spec itself, as long as anybody has it: policy is judged several times for each request. */
  #resolved = new WeakMap<object, ResolvedProject>();
  readonly #looks: CommandPlaces = new CommandPlaces(looksAtOnce, looksWaitingMax);

  constructor(command: ComposeCommand) {
    this.#command = command;
  }

  /**
   * A spec's file as the command understands it. Nothing is written, and the engine is not asked.
   * @throws {AgentError} INVALID_SPEC, with what is refused or with the command's words; RUNTIME_UNAVAILABLE where there is no command;
   * LIMIT_EXCEEDED, retryable, where too many wait to be looked at.
   */
  async resolve(spec: Json, signal: AbortSignal): Promise<ResolvedProject> {
    const key = typeof spec === "object" && spec !== null ? spec : {};
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const read = specOf({ spec });
    const result = await this.#looks.run(() => this.#look(read, signal), signal);
    if (result.code !== 0) throw invalidFile(result, read.spec, read.document);
    const project = resolvedProject(result.stdout, read.spec.profiles ?? []);
    refuse(project);
    this.#resolved.set(key, project);
    return project;
  }

  async #look({ spec, document }: ReadSpec, signal: AbortSignal): Promise<ComposeResult> {
    const { profiles = [], env = {} } = spec;
    return this.#command.run({
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
        ...((await this.#command.find(signal)).isFirst ? [] : ["--format", "json"]),
      ],
      env,
      mark: "config",
      input: JSON.stringify(document),
      signal,
    });
  }

  /**
   * Brings a project up, and resolves once the command has ended.
   * @throws {AgentError} RUNTIME_ERROR, retryable, with the command's words without `secrets`.
   */
  async up(request: UpRequest, secrets: readonly string[], signal: AbortSignal): Promise<void> {
    const { isFirst } = await this.#command.find(signal);
    const { services, existing } = request;
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
        request.file,
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
      env: request.env,
      mark: request.mark,
      cwd: request.folder,
      signal,
    });
    if (result.code === 0) return;
    throw commandFailed(
      `bring up the project ${request.project}`,
      redacted(result.stderr, secrets),
    );
  }

  /** Forgets what was remembered: another command may understand files otherwise. */
  forget(): void {
    this.#resolved = new WeakMap();
    this.#command.forget();
  }
}

/** The spec of a target, with its file. @throws {AgentError} INVALID_SPEC when it is not one of a compose application. */
export function specOf({ spec }: Pick<Target, "spec">): ReadSpec {
  const parsed = composeSpecOf(spec);
  if (parsed !== undefined) return parsed;
  throw new AgentError("INVALID_SPEC", "the spec is not one of a compose application", {
    effect: "none",
  });
}

/** All that must not appear in what the command says. */
export function secretsIn(spec: ComposeSpec, document: ComposeDocument): readonly string[] {
  return [...Object.values(spec.env ?? {}), ...secretsOf(document)];
}

function invalidFile(
  { stderr }: ComposeResult,
  spec: ComposeSpec,
  document: ComposeDocument,
): AgentError {
  const words = redacted(stderr, secretsIn(spec, document));
  return new AgentError("INVALID_SPEC", `the compose command does not take the file: ${words}`, {
    fault: "user",
    effect: "none",
  });
}

function refuse(project: ResolvedProject): void {
  const violations = refusedAsks(project);
  const [first] = violations;
  if (first === undefined) return;
  const message = `${first.path.join(".")} ${first.rule}`;
  throw new AgentError("INVALID_SPEC", message, { fault: "user", effect: "none", violations });
}
