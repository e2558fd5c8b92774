import { aRecord, anAction } from "@persys/conformance";
import { describe, expect, it } from "vitest";
import { loadState, type Page } from "../../src/redis/load-state.ts";
import { actionCodec, recordCodec } from "../../src/shared/record-codec/record-codec.ts";
import { never } from "./redis-bench.ts";

const none: Page = [Buffer.from("0"), []];

function entryOf(id: string): readonly [Buffer, Buffer] {
  return [Buffer.from(id), recordCodec.encode(aRecord({ id }))];
}

describe("loadState", () => {
  it("gives way to the event loop, and stops for an abort between two slices", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");

    const loading = loadState(
      () => Promise.resolve([Buffer.from("1"), entryOf("web")]),
      abort.signal,
    );
    setImmediate(() => abort.abort(reason));

    await expect(loading).rejects.toBe(reason);
  });

  it("takes once what two pages hold, and actions in the order of their seq", async () => {
    const actions = [10, 9].flatMap((seq) => [
      Buffer.from(String(seq)),
      actionCodec.encode(anAction({ seq })),
    ]);

    const state = await loadState((hash, cursor) => {
      if (hash === "actions") return Promise.resolve([Buffer.from("0"), actions]);
      return Promise.resolve(
        cursor === "0"
          ? [Buffer.from("17"), [...entryOf("a"), ...entryOf("b")]]
          : [Buffer.from("0"), [...entryOf("b"), ...entryOf("c")]],
      );
    }, never);

    expect(state.records.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(state.actions.map(({ seq }) => seq)).toEqual([9, 10]);
  });

  it("asks for few entries where they are large, and for more again where they are small", async () => {
    const counts: number[] = [];
    const large = [Buffer.from("x"), Buffer.alloc(2 ** 22)];
    const small = [Buffer.from("y"), Buffer.alloc(100)];

    await loadState((hash, _cursor, count) => {
      if (hash === "actions") return Promise.resolve(none);
      counts.push(count);
      const next = Buffer.from(counts.length < 4 ? "1" : "0");
      return Promise.resolve([next, counts.length === 1 ? large : small]);
    }, never);

    expect(counts).toEqual([16, 1, 256, 256]);
  });
});
