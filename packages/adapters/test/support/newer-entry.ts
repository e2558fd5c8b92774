import type { StoredEntry } from "@persys/conformance";
import { sealEnvelope } from "../../src/shared/record-codec/envelope.ts";

/** A version that no release has written yet. */
const laterVersion = 99;

/** An entry as a much later release might store it: whole, of a version and a body unknown today. */
export function newerEntry(entry: StoredEntry): Buffer {
  const { kind, key } = labelOf(entry);
  return sealEnvelope({ kind, key, version: laterVersion }, '{"of":"another time"}');
}

function labelOf(entry: StoredEntry): { readonly kind: string; readonly key: string } {
  switch (entry.kind) {
    case "record":
      return { kind: "R", key: entry.id };
    case "action":
      return { kind: "A", key: String(entry.seq) };
    case "layout":
      return { kind: "S", key: "about" };
    case "epoch":
      return { kind: "O", key: "owner" };
  }
}
