import {
  type Action,
  isWorkloadId,
  type QuarantinedRecord,
  type WorkloadId,
  type WorkloadRecord,
} from "@persys/core";
import { actionCodec, recordCodec } from "../shared/record-codec/record-codec.ts";
import { Slices } from "../shared/wait.ts";

/** A history entry that cannot be read. */
export interface UnreadableAction {
  readonly field: string;
  readonly why: string;
  /** Whether it is damaged for good, rather than written by a newer release. */
  readonly lost: boolean;
}

/** Everything that is stored of the node. */
export interface LoadedState {
  readonly records: WorkloadRecord[];
  readonly actions: Action[];
  readonly quarantined: QuarantinedRecord[];
  readonly unreadableActions: UnreadableAction[];
}

/** One page of a hash: where the next begins, "0" after the last, and fields and values in turn. */
export type Page = readonly [cursor: Buffer, entries: readonly Buffer[]];

/** Reads a page of one of the two hashes, of about `count` entries. */
export type ReadPage = (
  hash: "records" | "actions",
  cursor: string,
  count: number,
) => Promise<Page>;

/**
 * How long a slice of decoding may keep the event loop, in milliseconds. Collecting the garbage of ten thousand young records can take
 * another 10 ms at once, and both together are to stay under 20.
 */
const sliceMs = 3;

/** What a page is to hold: reading it keeps neither this process nor the server for long. */
const pageBytes = 2 ** 16;
const pageEntriesMax = 256;

/**
 * Reads and checks everything, giving way to the event loop between slices. Nobody writes meanwhile: only the owner does.
 * @throws what `readPage` throws; the reason of `signal`.
 */
export async function loadState(readPage: ReadPage, signal: AbortSignal): Promise<LoadedState> {
  const records = new Map<string, WorkloadRecord>();
  const actions = new Map<string, Action>();
  const quarantined = new Map<string, QuarantinedRecord>();
  const unreadableActions = new Map<string, UnreadableAction>();
  const slices = new Slices(sliceMs);

  const takeRecord = (field: Buffer, value: Buffer): void => {
    const id = field.toString("latin1");
    if (!isWorkloadId(id)) {
      quarantined.set(id, unreadableKey("record", field));
      return;
    }
    const decoded = recordCodec.decode(id, value);
    if (decoded.ok) records.set(id, decoded.value);
    else quarantined.set(id, { id, why: decoded.defect.why });
  };
  const takeAction = (field: Buffer, value: Buffer): void => {
    const seq = field.toString("latin1");
    if (!/^(?:0|[1-9]\d{0,15})$/.test(seq)) {
      quarantined.set(`action ${seq}`, unreadableKey("action", field));
      return;
    }
    const decoded = actionCodec.decode(seq, value);
    if (decoded.ok) actions.set(seq, decoded.value);
    else {
      const { kind, why } = decoded.defect;
      unreadableActions.set(seq, { field: seq, why, lost: kind !== "newer" });
    }
  };

  for (const [hash, take] of [
    ["records", takeRecord],
    ["actions", takeAction],
  ] as const) {
    // A page can repeat what an earlier one held (redis.io, SCAN): the maps keep it once.
    for await (const entries of pagesOf((...page) => readPage(hash, ...page))) {
      for (let at = 0; at + 1 < entries.length; at += 2) {
        take(entries[at] ?? Buffer.alloc(0), entries[at + 1] ?? Buffer.alloc(0));
        if (!slices.isOver) continue;
        await slices.turn();
        signal.throwIfAborted();
      }
    }
  }
  return {
    records: [...records.values()],
    actions: [...actions.values()].toSorted((one, other) => one.seq - other.seq),
    quarantined: [...quarantined.values()],
    unreadableActions: [...unreadableActions.values()],
  };
}

/** Pages of about {@link pageBytes}, whatever the size of the entries. */
async function* pagesOf(
  read: (cursor: string, count: number) => Promise<Page>,
): AsyncGenerator<readonly Buffer[]> {
  let cursor = "0";
  let count = 16;
  do {
    const [next, entries] = await read(cursor, count);
    yield entries;
    cursor = next.toString("latin1");
    const bytes = entries.reduce((sum, entry) => sum + entry.byteLength, 0);
    if (bytes > 0) count = within(1, Math.floor((count * pageBytes) / bytes), pageEntriesMax);
  } while (cursor !== "0");
}

function within(least: number, wanted: number, most: number): number {
  return Math.max(least, Math.min(wanted, most));
}

/** No field that this or an earlier release writes; the id names it for a person: 58 bytes in hexadecimal are what a workload id has room for. */
function unreadableKey(kind: "record" | "action", field: Buffer): QuarantinedRecord {
  const id = `unreadable-${field.subarray(0, 58).toString("hex")}` as WorkloadId;
  return { id, why: `is stored as ${kind} under a key that cannot be read` };
}
