import type { WorkloadId } from "@persys/core";

/** Names that the engine could confuse with those made here. */
const reservedPrefix = "persys.";

/**
 * The name of a workload's container: the id itself, where the engine takes it. It wants two characters at least, and names that start like
 * those made here would collide with them. Different ids have different names.
 */
export function containerName(id: WorkloadId): string {
  return id.length > 1 && !id.startsWith(reservedPrefix) ? id : `${reservedPrefix}id.${id}`;
}

/** The name of the container that a replacement has set aside. Never that of another workload's container. */
export function keptName(id: WorkloadId): string {
  return `${reservedPrefix}kept.${id}`;
}

/** A name as the engine reports it, without the slash in front. */
export function plainName(reported: string): string {
  return reported.startsWith("/") ? reported.slice(1) : reported;
}
