import { setImmediate as nextTurn } from "node:timers/promises";
import type { Action, QuarantinedRecord, WorkloadRecord } from "@persys/core";
import { actionCodec, recordCodec } from "../shared/record-codec/record-codec.ts";
import type { LmdbEnvironment, StoredEntry } from "./lmdb-environment.ts";
import { meaningOf } from "./store-entries.ts";

/** A history entry that cannot be read. */
export interface UnreadableAction {
  readonly key: Buffer;
  readonly seq: number;
  readonly why: string;
  /** Whether it is damaged for good, rather than written by a newer release. */
  readonly lost: boolean;
}

/** Everything in the database. */
export interface LoadedState {
  readonly records: WorkloadRecord[];
  readonly actions: Action[];
  readonly quarantined: QuarantinedRecord[];
  readonly unreadableActions: UnreadableAction[];
}

/**
 * How long a slice of decoding may keep the event loop, in milliseconds. Collecting the garbage of ten thousand young records can take
 * another 10 ms at once, and both together are to stay under 20.
 */
const sliceMs = 3;

/**
 * Reads and checks everything, giving way to the event loop between slices.
 * @throws {AgentError} STORE_UNAVAILABLE when LMDB cannot read its file.
 * @throws the reason of `signal`.
 */
export async function loadState(
  environment: Pick<LmdbEnvironment, "entriesAfter">,
  signal: AbortSignal,
): Promise<LoadedState> {
  const state: LoadedState = { records: [], actions: [], quarantined: [], unreadableActions: [] };
  let last: Buffer | undefined;
  let sliceBeganMs = performance.now();
  for (;;) {
    const page = environment.entriesAfter(last);
    for (const entry of page) {
      take(entry, state);
      last = entry.key;
      if (performance.now() - sliceBeganMs < sliceMs) continue;
      await nextTurn();
      signal.throwIfAborted();
      sliceBeganMs = performance.now();
    }
    if (page.length === 0) return state;
  }
}

function take({ key, value }: StoredEntry, state: LoadedState): void {
  const meaning = meaningOf(key);
  switch (meaning.kind) {
    case "record": {
      const decoded = recordCodec.decode(meaning.id, value);
      if (decoded.ok) state.records.push(decoded.value);
      else state.quarantined.push({ id: meaning.id, why: decoded.defect.why });
      return;
    }
    case "action": {
      const { seq } = meaning;
      const decoded = actionCodec.decode(String(seq), value);
      if (decoded.ok) state.actions.push(decoded.value);
      else {
        const { kind, why } = decoded.defect;
        state.unreadableActions.push({ key, seq, why, lost: kind !== "newer" });
      }
      return;
    }
    case "unreadable":
      state.quarantined.push({ id: meaning.id, why: "is stored under a key that cannot be read" });
      return;
    case "store":
  }
}
