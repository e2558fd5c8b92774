import { aRecord } from "@persys/conformance";
import { describe, expect, it } from "vitest";
import { loadState } from "../../src/lmdb/load-state.ts";
import { recordCodec } from "../../src/shared/record-codec/record-codec.ts";

describe("loadState", () => {
  it("gives way to the event loop, and stops for an abort between two slices", async () => {
    const entry = { key: Buffer.from("record/web"), value: recordCodec.encode(aRecord()) };
    const endless = { entriesAfter: () => [entry] };
    const abort = new AbortController();
    const reason = new Error("enough");

    const loading = loadState(endless, abort.signal);
    setImmediate(() => abort.abort(reason));

    await expect(loading).rejects.toBe(reason);
  });
});
