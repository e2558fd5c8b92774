import { createHash } from "node:crypto";
import type { WorkloadId } from "@persys/core";

/** Names that begin with this are made here, and no id is taken for one. */
const madePrefix = "persys-";

/** What compose takes for the name of a project (compose-spec, `name`). */
export const projectNamePattern: RegExp = /^[a-z0-9][a-z0-9_-]*$/;

/** Longest name of a project: names of containers and networks begin with it. */
export const projectNameCharsMax = 100;

/**
 * The name of a workload's project, unless its spec has one: the id itself where compose takes it, else one made of its hash, with as much of
 * the id as people can make out. Different ids have different names.
 */
export function projectNameOf(id: WorkloadId): string {
  const isPlain =
    projectNamePattern.test(id) && id.length <= projectNameCharsMax && !id.startsWith(madePrefix);
  if (isPlain) return id;
  const readable = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 40);
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 32);
  return `${madePrefix}${readable}-${hash}`;
}
