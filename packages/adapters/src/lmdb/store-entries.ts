import { isWorkloadId, type WorkloadId } from "@persys/core";
import { z } from "zod";
import { createEntryCodec, type EntryCodec } from "../shared/record-codec/entry-codec.ts";
import { faultIn } from "../shared/record-codec/record-shape.ts";

/**
 * The keys of the one database:
 *
 *     action/<seq in 16 digits>   an Action; in order of seq
 *     record/<workload id>        a WorkloadRecord
 *     store/about                 {@link About}
 *     store/owner                 {@link Ownership}
 */
const recordPrefix = "record/";
const actionPrefix = "action/";
const storePrefix = "store/";

/** The key of {@link About}. */
export const aboutKey: Buffer = Buffer.from("store/about");
/** The key of {@link Ownership}. */
export const ownershipKey: Buffer = Buffer.from("store/owner");

/** The key of a record. */
export function recordKey(id: WorkloadId): Buffer {
  return Buffer.from(recordPrefix + id);
}

/** The key of an action. */
export function actionKey(seq: number): Buffer {
  return Buffer.from(actionPrefix + String(seq).padStart(16, "0"));
}

/** What a key stands for. */
export type KeyMeaning =
  | { readonly kind: "record"; readonly id: WorkloadId }
  | { readonly kind: "action"; readonly seq: number }
  | { readonly kind: "store" }
  /** No key that this or an earlier release writes; `id` names it for a person. */
  | { readonly kind: "unreadable"; readonly id: WorkloadId };

/** What a key stands for. Never throws. */
export function meaningOf(key: Buffer): KeyMeaning {
  const text = key.toString("latin1");
  if (text.startsWith(storePrefix)) return { kind: "store" };
  if (text.startsWith(recordPrefix)) {
    const id = text.slice(recordPrefix.length);
    if (isWorkloadId(id)) return { kind: "record", id };
  }
  if (/^action\/\d{16}$/.test(text)) {
    return { kind: "action", seq: Number(text.slice(actionPrefix.length)) };
  }
  // 58 bytes in hexadecimal are what a workload id has room for.
  const id = `unreadable-${key.subarray(0, 58).toString("hex")}` as WorkloadId;
  return { kind: "unreadable", id };
}

/** Who writes to the database. Each opening writes its own, unlike any before. */
export interface Ownership {
  readonly epoch: number;
  /** Unique to one opening. */
  readonly opening: string;
  readonly pid: number;
  readonly host: string;
  readonly sinceMs: number;
}

const ownershipShape = z.looseObject({
  epoch: z.int().positive(),
  opening: z.string(),
  pid: z.number(),
  host: z.string(),
  sinceMs: z.number(),
});

/** How {@link Ownership} is stored. */
export const ownershipCodec: EntryCodec<Ownership> = createEntryCodec<Ownership>({
  kind: "O",
  version: 1,
  upgrades: new Map(),
  keyOf: () => "owner",
  faultOf: (body) => faultIn(ownershipShape, body),
});
