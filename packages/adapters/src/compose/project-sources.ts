import { AgentError, type Json, type TargetName } from "@persys/core";
import { type ComposeDocument, isMap } from "./compose-document.ts";
import { refusedFile } from "./compose-errors.ts";
import { type ComposeSpec, composeSpecOf, readComposeFile } from "./compose-spec.ts";
import type { GitFiles } from "./git-files.ts";
import { fetchViolations, type GitSource } from "./git-source.ts";
import { ownedDocument } from "./owned-document.ts";
import type { ProjectFolders } from "./project-folders.ts";
import type { ProjectSource } from "./project-source.ts";
import { placeOf, revisionFolderName } from "./revision-place.ts";

/** What finds sources. */
export interface ProjectSourcesContext {
  readonly files: GitFiles;
  readonly folders: ProjectFolders;
  readonly nodeId: string;
}

/**
 * How long the fetch for a revision waits for others of its host, in milliseconds. Meanwhile it has one of the few places in which workloads are
 * prepared: a host that says nothing is not to have them all.
 */
const hostWaitMs = 2_000;

interface FetchedSource {
  readonly revision: string;
  readonly source: ProjectSource;
}

/**
 * Finds what projects are made from. What was fetched for a revision is stored with it when it is prepared, so that it stays what it is, wherever
 * a branch has gone meanwhile and whether or not its host answers. To find is to store nothing: whoever asks may ask of a workload that goes.
 */
export class ProjectSources {
  readonly #to: ProjectSourcesContext;
  /** By the spec itself, as long as anybody has it: whoever asks twice gets the same object. */
  readonly #known = new WeakMap<object, ProjectSource>();
  /** As {@link #known}, of files that were fetched: so that what is prepared is what was judged. */
  readonly #fetchedFor = new WeakMap<object, FetchedSource>();

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
    if (sent.git !== undefined) {
      if (of === undefined) return this.#fetched(sent, sent.git, signal);
      return this.#ofRevision({ key, sent, git: sent.git }, of, signal);
    }
    if (document === undefined) throw noComposeSpec();
    const source = sourceOf(sent, document);
    this.#known.set(key, source);
    return source;
  }

  /** Whether the file of a revision was fetched before, and stored: nothing is sent for it any more. */
  async isStored(of: TargetName | undefined): Promise<boolean> {
    return of !== undefined && this.#to.folders.hasSource(placeOf(of, true));
  }

  async #ofRevision(
    {
      key,
      sent,
      git,
    }: { readonly key: object; readonly sent: ComposeSpec; readonly git: GitSource },
    of: TargetName,
    signal: AbortSignal,
  ): Promise<ProjectSource> {
    const place = placeOf(of, true);
    const stored = await this.#to.folders.source(place);
    if (stored !== undefined) return { ...stored, env: sent.env ?? {} };
    const revision = JSON.stringify([of.id, revisionFolderName(place)]);
    const known = this.#fetchedFor.get(key);
    if (known?.revision === revision) return known.source;
    const source = this.owned(await this.#fetched(sent, git, signal, hostWaitMs), of);
    this.#fetchedFor.set(key, { revision, source });
    return source;
  }

  async #fetched(
    sent: ComposeSpec,
    git: GitSource,
    signal: AbortSignal,
    waitMsMax?: number,
  ): Promise<ProjectSource> {
    const violations = fetchViolations(git);
    const [first] = violations;
    if (first !== undefined) throw refusedFile(`${first.path.join(".")} ${first.rule}`, violations);
    const { text, ...origin } = await this.#to.files.fetch(git, signal, waitMsMax);
    const read = readComposeFile(text, sent.env ?? {});
    if (read.ok) return { ...sourceOf(sent, read.document), git: origin };
    const broken = read.violations.map((it) => `${it.path.join(".")} ${it.rule}`);
    const where = `${origin.path} of commit ${origin.commit.slice(0, 12)}`;
    throw refusedFile(`${where} is refused: ${broken.join("; ")}`, read.violations);
  }

  /** The source with our marks on all that is made from it. */
  owned(source: ProjectSource, of: Pick<TargetName, "id" | "uid">): ProjectSource {
    return { ...source, document: ownedDocument(source.document, of, this.#to.nodeId) };
  }
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
