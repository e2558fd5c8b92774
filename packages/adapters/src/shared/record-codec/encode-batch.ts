import { AgentError, unreachable, type WorkloadId, type Write } from "@persys/core";
import { actionCodec, recordCodec } from "./record-codec.ts";

/** One change to the stored entries, as bytes. */
export type EntryWrite =
  | { readonly kind: "put-record"; readonly id: WorkloadId; readonly bytes: Buffer }
  | { readonly kind: "delete-record"; readonly id: WorkloadId }
  | { readonly kind: "put-action"; readonly seq: number; readonly bytes: Buffer }
  | { readonly kind: "delete-actions"; readonly seqs: readonly number[] };

/**
 * The batch as it is stored, sharing nothing with it. Done before a batch is queued, so that one that cannot be stored has neither effect
 * nor neighbours.
 * @throws {AgentError} INTERNAL, effect none, when an entry could not be read back.
 */
export function encodeBatch(batch: readonly Write[]): readonly EntryWrite[] {
  try {
    return batch.map((write) => encode(write));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new AgentError("INTERNAL", `the batch cannot be stored: ${said}`, {
      effect: "none",
      cause: error,
    });
  }
}

function encode(write: Write): EntryWrite {
  switch (write.kind) {
    case "put-record": {
      const { kind, record } = write;
      return { kind, id: record.id, bytes: recordCodec.encode(record) };
    }
    case "put-action": {
      const { kind, action } = write;
      return { kind, seq: action.seq, bytes: actionCodec.encode(action) };
    }
    case "delete-record":
      return { kind: write.kind, id: write.id };
    case "delete-actions":
      return { kind: write.kind, seqs: [...write.seqs] };
    default:
      return unreachable(write);
  }
}
