import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import type { Violation, WorkloadStatus } from "@persys/core";

/** A page of statuses. */
export interface Page {
  readonly statuses: readonly WorkloadStatus[];
  /** Where the next page begins; empty on the last. */
  readonly nextPageToken: string;
}

/**
 * A page of `statuses`, in order of id. A token names the last id of the page before, so that pages stay right while workloads come and go.
 * Rules that the request breaks are added to `violations`.
 */
export function pageOf(
  statuses: readonly WorkloadStatus[],
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
  violations: Violation[],
): Page {
  if (pageSize < 0)
    violations.push({ path: ["pageSize"], rule: "must be at least 0", seen: String(pageSize) });
  const after = pageToken === "" ? "" : idOf(pageToken);
  if (after === undefined) {
    violations.push({ path: ["pageToken"], rule: "must be the next_page_token of an answer" });
    return { statuses: [], nextPageToken: "" };
  }
  const rest = statuses.filter((status) => status.id > after).toSorted(byId);
  if (pageSize <= 0 || rest.length <= pageSize) return { statuses: rest, nextPageToken: "" };
  const page = rest.slice(0, pageSize);
  return { statuses: page, nextPageToken: tokenOf(page.at(-1)?.id ?? "") };
}

function byId(left: WorkloadStatus, right: WorkloadStatus): number {
  return left.id < right.id ? -1 : Number(left.id > right.id);
}

const prefix = "after:";

/** The token of the page that begins after the workload with this id. */
export function tokenOf(id: string): string {
  return base64Encode(new TextEncoder().encode(`${prefix}${id}`), "url");
}

function idOf(token: string): string | undefined {
  try {
    const text = new TextDecoder().decode(base64Decode(token));
    return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
  } catch {
    // Not base64: not one of ours.
    return undefined;
  }
}
