import assert from "node:assert/strict";
import { aRecord, anId } from "../record-builder.ts";
import { idsOf, put } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** Damage stays where it is. */
export const damageRules: readonly StoreRule[] = [
  must(
    "ST-040 quarantine",
    "a damaged record is reported under its id; the others are read",
    async (bench) => {
      await bench.write([put("a"), put("bad"), put("c")]);
      await bench.harness.damageRecord(anId("bad"));

      const state = await bench.read();

      assert.deepEqual(idsOf(state), ["a", "c"]);
      assert.deepEqual(
        state.quarantined.map(({ id }) => id),
        ["bad"],
      );
      assert.notEqual(state.quarantined[0]?.why, "");
    },
  ),

  must(
    "ST-041 quarantine-stays",
    "a quarantined record stays through commits and reopening",
    async (bench) => {
      await bench.write([put("bad")]);
      await bench.harness.damageRecord(anId("bad"));
      await bench.write([put("other")]);

      const state = await bench.read();

      assert.deepEqual(idsOf(state), ["other"]);
      assert.equal(state.quarantined.length, 1);
    },
  ),

  must(
    "ST-042 quarantine-put",
    "a put of a quarantined id replaces what was quarantined",
    async (bench) => {
      await bench.write([put("bad")]);
      await bench.harness.damageRecord(anId("bad"));
      await bench.write([{ kind: "put-record", record: aRecord({ id: "bad", generation: 9 }) }]);

      const state = await bench.read();

      assert.deepEqual(state.records, [aRecord({ id: "bad", generation: 9 })]);
      assert.deepEqual(state.quarantined, []);
    },
  ),

  must(
    "ST-043 quarantine-delete",
    "a delete of a quarantined id removes what was quarantined",
    async (bench) => {
      await bench.write([put("bad")]);
      await bench.harness.damageRecord(anId("bad"));
      await bench.write([{ kind: "delete-record", id: anId("bad") }]);

      const state = await bench.read();

      assert.deepEqual(state.records, []);
      assert.deepEqual(state.quarantined, []);
    },
  ),
];
