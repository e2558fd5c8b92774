import type { SecretSource, Target } from "@persys/core";
import { resolvedEnvironment } from "../shared/secret-references.ts";
import { type CommandInput, commandInput } from "./command-variables.ts";
import { notPrepared } from "./compose-errors.ts";
import type { ProjectFolders } from "./project-folders.ts";
import { secretsOf } from "./project-secrets.ts";
import { placeOf } from "./project-sources.ts";
import type { MadeRevision } from "./project-state.ts";
import type { RevisionPlace } from "./revision-place.ts";

/** What a revision is brought up with: what references stand for among it, so it is never stored. */
interface OpenedRevision {
  readonly input: CommandInput;
  /** What must not be said. */
  readonly hidden: readonly string[];
}

/** Opens a revision once it is needed, and only once: what only runs on needs nothing of it. */
export type OpenRevision = () => Promise<OpenedRevision>;

/** A revision that was prepared. */
export type PreparedTarget = Pick<Target, "id" | "uid" | "revisionId" | "specDigest"> &
  Pick<MadeRevision, "revision">;

/** What opens revisions. */
export interface OpeningContext {
  readonly folders: ProjectFolders;
  /** Finds what references stand for; undefined: none can be had. */
  readonly secretSource: SecretSource | undefined;
}

type Environment = Readonly<Record<string, string>>;

/** Where a prepared revision is. */
export function preparedPlace(it: PreparedTarget): RevisionPlace {
  return placeOf(it, it.revision.git !== undefined);
}

/**
 * What brings a prepared revision up, with the variables `env`; undefined: those that are stored with it.
 * @throws {AgentError} from what it returns: NOT_PREPARED; SECRET_UNAVAILABLE, retryable, where a key or what is referred to is missing.
 */
export function openingOf(
  it: PreparedTarget & { readonly env: Environment | undefined },
  { folders, secretSource }: OpeningContext,
  signal: AbortSignal,
): OpenRevision {
  let opened: Promise<OpenedRevision> | undefined;
  const open: OpenRevision = async () => {
    const source = await folders.source(preparedPlace(it));
    if (source === undefined) throw notPrepared();
    const env = await resolvedEnvironment(it.env ?? source.env, secretSource, signal);
    const hidden = [...Object.values(env), ...secretsOf(source.document)];
    return { input: commandInput(source.document, env), hidden };
  };
  return () => (opened ??= open());
}
