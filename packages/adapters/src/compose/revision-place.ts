import { createHash } from "node:crypto";
import type { TargetName, WorkloadId } from "@persys/core";
import type { MadeRevision } from "./project-state.ts";

/** Which revision of which workload something is stored for. */
export interface RevisionPlace {
  readonly id: WorkloadId;
  readonly specDigest: string;
  /** Of a revision whose file was fetched: the same spec means another file the next time. */
  readonly fetchedFor?: { readonly uid: string; readonly revisionId: string };
}

/** A revision that was prepared. */
export type PreparedName = TargetName & Pick<MadeRevision, "revision">;

/** Where a revision is: one that was fetched apart from all others, since the same spec may stand for something else the next time. */
export function placeOf(
  { id, uid, revisionId, specDigest }: TargetName,
  wasFetched: boolean,
): RevisionPlace {
  return wasFetched ? { id, specDigest, fetchedFor: { uid, revisionId } } : { id, specDigest };
}

/** Where a prepared revision is. */
export function preparedPlace(it: PreparedName): RevisionPlace {
  return placeOf(it, it.revision.git !== undefined);
}

/** The name of a revision's folder: hashes, so that nothing in it leads anywhere. It begins as those of all revisions of the spec do. */
export function revisionFolderName({ specDigest, fetchedFor }: RevisionPlace): string {
  const name = hashOf(specDigest);
  return fetchedFor === undefined
    ? name
    : `${name}-${hashOf(JSON.stringify([fetchedFor.uid, fetchedFor.revisionId]))}`;
}

/** Whether a folder is one of a revision of this spec. */
export function isRevisionOf(folderName: string, specDigest: string): boolean {
  const name = hashOf(specDigest);
  return folderName === name || folderName.startsWith(`${name}-`);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}
