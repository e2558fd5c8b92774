import assert from "node:assert/strict";
import * as fc from "fast-check";
import { AgentError, type StoredState } from "@persys/core";
import type { CaseContext } from "../contract-case.ts";
import { anAction, anId } from "../record-builder.ts";
import { type Damage, damaged, damages, tellDamage } from "./damage-arbitrary.ts";
import { ContractViolation } from "../contract-violation.ts";
import { checkProperty } from "./property.ts";
import type { StoredBytes, StoredEntry } from "./state-store-harness.ts";
import { idsOf, put, type StoreBench } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

const ids = ["a", "b", "c", "d", "e"];
const seqs = [1, 2, 3];
const headKinds = ["layout", "epoch"] as const;

/** Bytes that the store did not write. */
export const rawRules: readonly StoreRule[] = [
  must(
    "ST-044 any-damage",
    "whatever happens to the bytes of a record, it alone is quarantined, and its bytes stay",
    (bench, context) =>
      withStored(bench, context, (stored) =>
        checkProperty(context, {
          runs: 20,
          arbitrary: fc.record({ id: fc.constantFrom(...ids), damage: damages }),
          tell: ({ id, damage }) => [
            `commit records ${ids.join(", ")}`,
            `${tellDamage(damage)} of record ${id}`,
            "open, commit another record, open",
          ],
          holds: async ({ id, damage }) => {
            await bench.write(ids.map((each) => put(each)));
            const entry = { kind: "record", id: anId(id) } as const;
            const bytes = await spoil(stored, entry, damage);
            if (bytes === undefined) return;
            demandQuarantined(await bench.read(), id);
            await bench.write([put("other")], [{ kind: "delete-record", id: anId("other") }]);
            demandQuarantined(await bench.read(), id);
            assert.deepEqual(
              plain(await stored.read(entry)),
              plain(bytes),
              "the bytes of the quarantined record are as they were found",
            );
          },
        }),
      ),
  ),

  must(
    "ST-047 damaged-action",
    "whatever happens to the bytes of an action, it alone is missing",
    (bench, context) =>
      withStored(bench, context, (stored) =>
        checkProperty(context, {
          runs: 12,
          arbitrary: fc.record({ seq: fc.constantFrom(...seqs), damage: damages }),
          tell: ({ seq, damage }) => [
            `commit record web and actions ${seqs.join(", ")}`,
            `${tellDamage(damage)} of action ${seq}`,
            "open",
          ],
          holds: async ({ seq, damage }) => {
            await bench.write([
              put("web"),
              ...seqs.map(
                (each) => ({ kind: "put-action", action: anAction({ seq: each }) }) as const,
              ),
            ]);
            if ((await spoil(stored, { kind: "action", seq }, damage)) === undefined) return;

            const state = await bench.read();

            assert.deepEqual(idsOf(state), ["web"]);
            assert.deepEqual(
              state.actions.map((each) => each.seq),
              seqs.filter((each) => each !== seq),
            );
          },
        }),
      ),
  ),

  must(
    "ST-045 newer-record",
    "a record of a later format is quarantined, never overwritten unasked",
    (bench, context) =>
      withStored(bench, context, async (stored) => {
        await bench.write([put("a"), put("newer")]);
        const entry = { kind: "record", id: anId("newer") } as const;
        await stored.makeNewer(entry);
        const bytes = await stored.read(entry);

        const state = await bench.read();
        await bench.write([put("b")]);

        assert.deepEqual(idsOf(state), ["a"]);
        assert.deepEqual(
          state.quarantined.map(({ id }) => id),
          ["newer"],
        );
        assert.deepEqual(plain(await stored.read(entry)), plain(bytes));
      }),
  ),

  must(
    "ST-046 damaged-head",
    "damage to layout or epoch either is refused clearly or costs nothing; no record is lost",
    (bench, context) =>
      withStored(bench, context, (stored) =>
        checkProperty(context, {
          runs: 15,
          arbitrary: fc.record({ kind: fc.constantFrom(...headKinds), damage: damages }),
          tell: ({ kind, damage }) => [
            `commit records ${ids.join(", ")}`,
            `${tellDamage(damage)} of the ${kind}`,
            "open",
          ],
          holds: async ({ kind, damage }) => {
            await bench.write(ids.map((id) => put(id, { observedSequence: [7, 1] })));
            const { epoch } = await bench.read();
            const sound = await stored.read({ kind });
            if (sound === undefined) {
              context.unjudged(`the store keeps no bytes of its ${kind}`);
              return;
            }
            if ((await spoil(stored, { kind }, damage)) === undefined) return;
            const opened = await openedUnlessRefused(bench);
            if (opened === undefined) await stored.write({ kind }, sound);
            else assert.ok(opened.epoch > epoch, "the epoch is beyond the last");
            assert.deepEqual(idsOf(await bench.read()), ids);
          },
        }),
      ),
  ),

  must(
    "ST-050 newer-state",
    "a state of a later format is refused by name and left as it is",
    (bench, context) =>
      withStored(bench, context, async (stored) => {
        await bench.write([put("web"), { kind: "put-action", action: anAction() }]);
        if ((await stored.read({ kind: "layout" })) === undefined) {
          context.unjudged("the store keeps no bytes of its layout");
          return;
        }
        await stored.makeNewer({ kind: "layout" });
        const before = await stored.all();

        const refusal = await bench.read().then(
          () => undefined,
          (error: unknown) => error,
        );

        assert.ok(
          AgentError.hasCode(refusal, "STORE_UNAVAILABLE"),
          `refused with ${String(refusal)}`,
        );
        assert.equal(refusal.effect, "none");
        assert.equal(refusal.fault, "user", "it is for a person to decide");
        assert.deepEqual(sorted(await stored.all()), sorted(before), "nothing stored has changed");
      }),
  ),
];

/** Runs `judge` where the bytes can be got at. */
async function withStored(
  bench: StoreBench,
  context: CaseContext,
  judge: (stored: StoredBytes) => Promise<void>,
): Promise<void> {
  const { stored } = bench.harness;
  if (stored === undefined) context.unjudged("the harness cannot get at stored bytes (stored)");
  else await judge(stored);
}

/** What the entry holds now; undefined where the damage changed nothing. */
async function spoil(
  stored: StoredBytes,
  entry: StoredEntry,
  how: Damage,
): Promise<Uint8Array | undefined> {
  const sound = await stored.read(entry);
  if (sound === undefined) {
    throw new ContractViolation(`nothing is stored of the ${entry.kind} that was committed`);
  }
  const bytes = damaged(sound, how);
  if (Buffer.from(sound).equals(bytes)) return undefined;
  await stored.write(entry, bytes);
  return bytes;
}

function demandQuarantined(state: StoredState, id: string): void {
  assert.deepEqual(
    state.quarantined.map((each) => each.id),
    [id],
  );
  assert.notEqual(state.quarantined[0]?.why, "", "it is told what is wrong");
  assert.deepEqual(
    idsOf(state),
    ids.filter((each) => each !== id),
  );
}

/** @throws when it is refused in any other way than the port names. */
async function openedUnlessRefused(bench: StoreBench): Promise<StoredState | undefined> {
  try {
    return await bench.read();
  } catch (error) {
    if (!AgentError.hasCode(error, "STORE_UNAVAILABLE")) throw error;
    assert.equal(error.effect, "none");
    return undefined;
  }
}

function sorted(all: ReadonlyMap<string, Uint8Array>): readonly (readonly [string, string])[] {
  return [...all]
    .map(([name, bytes]) => [name, plain(bytes)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** Bytes as text that can be compared and read. */
function plain(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "nothing" : Buffer.from(bytes).toString("latin1");
}
