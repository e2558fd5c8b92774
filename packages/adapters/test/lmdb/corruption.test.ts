import { LmdbStateStore } from "@persys/adapters/lmdb";
import { aRecord, aRevision, anAction } from "@persys/conformance";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withRawState } from "./raw-state.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const never = new AbortController().signal;
const ids = ["a", "b", "c", "d"];

/** One way to damage stored bytes. */
const damage = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    at: fc.nat(),
    mask: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant("truncate" as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant("zero" as const),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({ kind: fc.constant("zero-tail" as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant("append" as const),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
  fc.record({ kind: fc.constant("replace" as const), bytes: fc.uint8Array({ maxLength: 99 }) }),
);
type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function damaged(bytes: Uint8Array, how: Damage): Uint8Array {
  const copy = Buffer.from(bytes);
  switch (how.kind) {
    case "flip": {
      const at = how.at % copy.length;
      copy.writeUInt8(copy.readUInt8(at) ^ how.mask, at);
      return copy;
    }
    case "truncate":
      return copy.subarray(0, how.at % copy.length);
    case "zero": {
      const at = how.at % copy.length;
      return copy.fill(0, at, Math.min(at + how.length, copy.length));
    }
    case "zero-tail":
      return copy.fill(0, how.at % copy.length);
    case "append":
      return Buffer.concat([copy, how.bytes]);
    case "replace":
      return how.bytes;
  }
}

describe("LmdbStateStore on damaged bytes", () => {
  it("quarantines the damaged record alone, whatever the damage, and never fails to open", async () => {
    const path = await temporaryFolder();
    const store = new LmdbStateStore({ path, nodeId: "node-1" });
    const records = ids.map((id) => aRecord({ id, wanted: aRevision({ spec: { id } }) }));
    await store.open(never);
    await store.commit(records.map((record) => ({ kind: "put-record", record })));
    await store.close();

    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ids), damage, async (id, how) => {
        const key = Buffer.from(`record/${id}`);
        const sound = await withRawState(path, (database) =>
          Buffer.from(database.getBinary(key) ?? []),
        );
        const bytes = damaged(sound, how);
        fc.pre(!sound.equals(bytes));
        await withRawState(path, (database) => database.put(key, bytes));

        const state = await store.open(never);
        await store.close();

        expect(state.quarantined.map((each) => each.id)).toEqual([id]);
        expect(state.records).toEqual(records.filter((each) => each.id !== id));
        await withRawState(path, async (database) => {
          expect(Buffer.from(database.getBinary(key) ?? []).equals(bytes)).toBe(true);
          await database.put(key, sound);
        });
      }),
      { numRuns: 150 },
    );
    expect((await store.open(never)).records).toEqual(records);
    await store.close();
  }, 60_000);

  it("drops the damaged history entry alone, whatever the damage", async () => {
    const path = await temporaryFolder();
    const store = new LmdbStateStore({ path, nodeId: "node-1" });

    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), damage, async (seq, how) => {
        await store.open(never);
        await store.commit(
          [1, 2, 3].map((n) => ({ kind: "put-action", action: anAction({ seq: n }) })),
        );
        await store.close();
        const key = Buffer.from(`action/${String(seq).padStart(16, "0")}`);
        const changed = await withRawState(path, async (database) => {
          const sound = Buffer.from(database.getBinary(key) ?? []);
          const bytes = damaged(sound, how);
          await database.put(key, bytes);
          return !sound.equals(bytes);
        });
        fc.pre(changed);

        const { actions } = await store.open(never);
        await store.close();

        expect(actions.map((each) => each.seq)).toEqual([1, 2, 3].filter((n) => n !== seq));
      }),
      { numRuns: 50 },
    );
  }, 60_000);
});
