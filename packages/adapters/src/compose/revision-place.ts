import { createHash } from "node:crypto";
import type { WorkloadId } from "@persys/core";

/** Which revision of which workload something is stored for. */
export interface RevisionPlace {
  readonly id: WorkloadId;
  readonly specDigest: string;
  /** Of a revision whose file was fetched: the same spec means another file the next time. */
  readonly fetchedFor?: { readonly uid: string; readonly revisionId: string };
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
