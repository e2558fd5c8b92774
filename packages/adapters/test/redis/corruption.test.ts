import { aRecord, aRevision, anAction } from "@persys/conformance";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { describeWithRedis, sharedRedisUrl } from "../../../../test/redis/redis-host.ts";
import { clientAt, keyOf, never, newNodeId, readAt, storeAt } from "./redis-bench.ts";

const ids = ["a", "b", "c"];

/** Some other bytes in the place of the stored ones. */
const damage = fc.oneof(
  fc.record({ at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }).map(({ at, mask }) => {
    return (sound: Buffer): Buffer => {
      const copy = Buffer.from(sound);
      copy.writeUInt8(copy.readUInt8(at % copy.length) ^ mask, at % copy.length);
      return copy;
    };
  }),
  fc.nat().map((at) => (sound: Buffer) => sound.subarray(0, at % sound.length)),
  fc.nat().map((at) => (sound: Buffer) => Buffer.from(sound).fill(0, at % sound.length)),
  fc.uint8Array({ maxLength: 99 }).map((bytes) => () => Buffer.from(bytes)),
);

describeWithRedis("RedisStateStore on damaged bytes", () => {
  it("quarantines the damaged record alone and drops the damaged history entry alone", async () => {
    const url = sharedRedisUrl();
    const nodeId = newNodeId();
    const redis = clientAt(url);
    const store = storeAt(url, nodeId);
    const records = ids.map((id) => aRecord({ id, wanted: aRevision({ spec: { id } }) }));
    const actions = [1, 2, 3].map((seq) => anAction({ seq }));

    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 2), damage, async (which, spoil) => {
        await store.open(never);
        await store.commit([
          ...records.map((record) => ({ kind: "put-record", record }) as const),
          ...actions.map((action) => ({ kind: "put-action", action }) as const),
        ]);
        await store.close();
        const places = [
          [keyOf(nodeId, "records"), ids[which] ?? ""],
          [keyOf(nodeId, "actions"), String(which + 1)],
        ] as const;
        const spoilt: Buffer[] = [];
        for (const [key, field] of places) {
          const sound = (await redis.hgetBuffer(key, field)) ?? Buffer.alloc(0);
          const bytes = spoil(sound);
          fc.pre(!sound.equals(bytes));
          spoilt.push(bytes);
          await redis.hset(key, field, bytes);
        }

        const state = await readAt(url, nodeId);

        expect(state.quarantined.map(({ id }) => id)).toEqual([ids[which]]);
        expect(state.records.map(({ id }) => id).toSorted()).toEqual(
          ids.filter((_, n) => n !== which),
        );
        expect(state.actions).toEqual(actions.filter((_, n) => n !== which));
        expect(await redis.hgetBuffer(...places[0])).toEqual(spoilt[0]);
        expect(await redis.hexists(...places[1])).toBe(0);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
