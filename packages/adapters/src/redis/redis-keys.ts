/**
 * The keys of one node:
 *
 *     {persys:<node>}:about     string: an About in its envelope
 *     {persys:<node>}:owner     hash: `opening`, `connection` and `commits`, which scripts compare, and `ownership`, an Ownership in its envelope
 *     {persys:<node>}:lease     string: the opening that holds the state; expires
 *     {persys:<node>}:records   hash: workload id -> WorkloadRecord in its envelope
 *     {persys:<node>}:actions   hash: seq in decimal digits -> Action in its envelope
 *
 * What stands in braces decides the slot in a cluster (redis.io, "hash tags"), so all of a node is in one place and a script can change it at
 * once.
 */
export interface RedisKeys {
  readonly about: string;
  readonly owner: string;
  readonly lease: string;
  readonly records: string;
  readonly actions: string;
}

/** The keys of a node. Its id is percent-encoded: it may hold braces. */
export function keysOf(nodeId: string): RedisKeys {
  const tag = `{persys:${encodeURIComponent(nodeId)}}`;
  return {
    about: `${tag}:about`,
    owner: `${tag}:owner`,
    lease: `${tag}:lease`,
    records: `${tag}:records`,
    actions: `${tag}:actions`,
  };
}
