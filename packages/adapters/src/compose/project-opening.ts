import { AgentError, type SecretSource, secretValueOf } from "@persys/core";
import { resolvedEnvironment } from "../shared/secret-references.ts";
import {
  type CommandInput,
  commandInput,
  isTooLong,
  variableBytesMax,
} from "./command-variables.ts";
import { notPrepared, refusedFile } from "./compose-errors.ts";
import type { ProjectFolders } from "./project-folders.ts";
import { secretsOf } from "./project-secrets.ts";
import { type PreparedName, preparedPlace } from "./revision-place.ts";

/** What a revision is brought up with: what references stand for among it, so it is never stored. */
interface OpenedRevision {
  readonly input: CommandInput;
  /** What must not be said. */
  readonly hidden: readonly string[];
}

/** Opens a revision once it is needed, and only once: what only runs on needs nothing of it. */
export type OpenRevision = () => Promise<OpenedRevision>;

/** What opens revisions. */
export interface OpeningContext {
  readonly folders: ProjectFolders;
  /** Finds what references stand for; undefined: none can be had. */
  readonly secretSource: SecretSource | undefined;
}

type Environment = Readonly<Record<string, string>>;

/** All variables together, in bytes: about half of what the kernel gives to a program where nothing is changed (execve(2)). */
const environmentBytesMax = 1_048_576;

/**
 * What brings a prepared revision up, with the variables `env`; undefined: those that are stored with it.
 * @throws {AgentError} from what it returns: NOT_PREPARED; SECRET_UNAVAILABLE, retryable, where a key or what is referred to is missing.
 */
export function openingOf(
  it: PreparedName & { readonly env: Environment | undefined },
  { folders, secretSource }: OpeningContext,
  signal: AbortSignal,
): OpenRevision {
  let opened: Promise<OpenedRevision> | undefined;
  const open: OpenRevision = async () => {
    const source = await folders.source(preparedPlace(it));
    if (source === undefined) throw notPrepared();
    const asked = it.env ?? source.env ?? {};
    const env = await resolvedEnvironment(asked, secretSource, signal);
    checkLengths(env, asked);
    const hidden = [...Object.values(env), ...secretsOf(source.document)];
    return { input: commandInput(source.document, env), hidden };
  };
  return () => (opened ??= open());
}

/** What a spec says itself is checked when it is sent; specs that were stored before that was so are refused here. */
function checkLengths(env: Environment, asked: Environment): void {
  const all = Object.entries(env);
  const long = all.find(([name, value]) => isTooLong(name, value));
  if (long !== undefined) {
    const [name] = long;
    const what = `has more than ${variableBytesMax} bytes with its name`;
    if (secretValueOf(asked[name] ?? "").kind === "literal")
      throw refusedFile(`env.${name} ${what}: programs cannot be given more in variables`, [
        { path: ["env", name], rule: `must have at most ${variableBytesMax} bytes with its name` },
      ]);
    throw tooLong(`env.${name} refers to ${what}`);
  }
  const bytes = all.reduce((sum, [name, it]) => sum + Buffer.byteLength(name + it), 0);
  if (bytes > environmentBytesMax)
    throw tooLong(`env refers to makes it more than ${environmentBytesMax} bytes`);
}

function tooLong(what: string): AgentError {
  const message = `what ${what}: programs cannot be given more in variables`;
  return new AgentError("SECRET_UNAVAILABLE", message, { retryable: true, effect: "none" });
}
