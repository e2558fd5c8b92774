import type { ComposeDocument } from "./compose-document.ts";
import type { GitOrigin } from "./git-source.ts";

/** The compose file of a revision as it was checked, and what it is read with. References among the variables are as the spec has them. */
export interface ProjectSource {
  readonly document: ComposeDocument;
  readonly env: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  /** Where the file was fetched from; undefined: the spec brought it. */
  readonly git?: GitOrigin | undefined;
}

/** A source as it is stored. Without a sealer nothing is kept of its variables: then they are only where the spec is. */
export type StoredSource = Omit<ProjectSource, "env"> & {
  readonly env?: ProjectSource["env"] | undefined;
};
