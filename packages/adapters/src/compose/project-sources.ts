import { AgentError, type Json, type TargetName } from "@persys/core";
import { type ComposeDocument, isMap } from "./compose-document.ts";
import { refusedFile } from "./compose-errors.ts";
import { type ComposeSpec, composeSpecOf, readComposeFile } from "./compose-spec.ts";
import type { GitFiles } from "./git-files.ts";
import type { GitSource } from "./git-source.ts";
import { ownedDocument } from "./owned-document.ts";
import type { ProjectFolders } from "./project-folders.ts";
import type { ProjectSource } from "./project-source.ts";
import type { RevisionPlace } from "./revision-place.ts";

/** What finds sources. */
export interface ProjectSourcesContext {
  readonly files: GitFiles;
  readonly folders: ProjectFolders;
  readonly nodeId: string;
}

/**
 * Finds what projects are made from. What was fetched for a revision is stored with it, so that it stays what it is, wherever a branch has gone
 * meanwhile and whether or not its host answers.
 */
export class ProjectSources {
  readonly #to: ProjectSourcesContext;
  /** By the spec itself, as long as anybody has it: whoever asks twice gets the same object. */
  readonly #known = new WeakMap<object, ProjectSource>();

  constructor(context: ProjectSourcesContext) {
    this.#to = context;
  }

  /**
   * The source of a spec. A file in a repository is fetched, unless the revision that the spec is one of has it already.
   * @throws {AgentError} INVALID_SPEC with every rule that a fetched file breaks; what fetching throws.
   */
  async find(spec: Json, of: TargetName | undefined, signal: AbortSignal): Promise<ProjectSource> {
    const key = typeof spec === "object" && spec !== null ? spec : {};
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { spec: sent, document } = specOf(spec);
    if (sent.git !== undefined) return this.#fetched(sent, sent.git, of, signal);
    if (document === undefined) throw noComposeSpec();
    const source = sourceOf(sent, document);
    this.#known.set(key, source);
    return source;
  }

  async #fetched(
    sent: ComposeSpec,
    git: GitSource,
    of: TargetName | undefined,
    signal: AbortSignal,
  ): Promise<ProjectSource> {
    const place = of && placeOf(of, true);
    const stored = place && (await this.#to.folders.source(place));
    if (stored !== undefined) return { ...stored, env: sent.env ?? {} };
    const { text, ...origin } = await this.#to.files.fetch(git, signal);
    const read = readComposeFile(text, sent.env ?? {});
    if (!read.ok) {
      const broken = read.violations.map((it) => `${it.path.join(".")} ${it.rule}`);
      const where = `${origin.path} of commit ${origin.commit.slice(0, 12)}`;
      throw refusedFile(`${where} is refused: ${broken.join("; ")}`, read.violations);
    }
    const fetched = { ...sourceOf(sent, read.document), git: origin };
    if (of === undefined || place === undefined) return fetched;
    const owned = this.owned(fetched, of);
    signal.throwIfAborted();
    await this.#to.folders.storeSource(place, owned);
    return owned;
  }

  /** The source with our marks on all that is made from it. */
  owned(source: ProjectSource, of: Pick<TargetName, "id" | "uid">): ProjectSource {
    return { ...source, document: ownedDocument(source.document, of, this.#to.nodeId) };
  }
}

/** Where a revision is: one that was fetched apart from all others, since the same spec may stand for something else the next time. */
export function placeOf(
  { id, uid, revisionId, specDigest }: TargetName,
  wasFetched: boolean,
): RevisionPlace {
  return wasFetched ? { id, specDigest, fetchedFor: { uid, revisionId } } : { id, specDigest };
}

/** Whether the file of a spec has to be fetched. */
export function isFetched(spec: Json): boolean {
  return isMap(spec) && spec["git"] !== undefined;
}

/** A spec typed again. @throws {AgentError} INVALID_SPEC when it is not one of a compose application. */
export function specOf(spec: Json): NonNullable<ReturnType<typeof composeSpecOf>> {
  const parsed = composeSpecOf(spec);
  if (parsed === undefined) throw noComposeSpec();
  return parsed;
}

function sourceOf(
  { env = {}, profiles = [] }: ComposeSpec,
  document: ComposeDocument,
): ProjectSource {
  return { document, env, profiles };
}

function noComposeSpec(): AgentError {
  return new AgentError("INVALID_SPEC", "the spec is not one of a compose application", {
    effect: "none",
  });
}
