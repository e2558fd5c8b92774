import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ContractViolation } from "../contract-violation.ts";
import { lastBatchIn, modelAfter, numberedBatch } from "./numbered-batches.ts";
import { checkProperty } from "./property.ts";
import { must, type StoreRule } from "./store-rule.ts";

interface PowerCut {
  /** Batches asked for, all at once. */
  readonly batches: number;
  /** The power goes when so many of them are acknowledged. */
  readonly acknowledged: number;
  /** And so many turns of the event loop later. */
  readonly turns: number;
  /** And so many steps of its queue of promises later. */
  readonly steps: number;
  /** What of the unsynced is lost. */
  readonly seed: number;
}

const cuts: fc.Arbitrary<readonly PowerCut[]> = fc.array(
  fc
    .record({
      batches: fc.integer({ min: 1, max: 12 }),
      acknowledged: fc.nat(12),
      turns: fc.nat(5),
      steps: fc.nat(9),
      seed: fc.nat(),
    })
    .map((cut) => ({ ...cut, acknowledged: Math.min(cut.acknowledged, cut.batches) })),
  { minLength: 1, maxLength: 3 },
);

/** What was acknowledged outlives the machine's power. */
export const powerRules: readonly StoreRule[] = [
  must(
    "ST-021 power-loss",
    "a loss of power takes nothing acknowledged, halves no batch and keeps their order",
    async (bench, context) => {
      if (bench.harness.losePower === undefined) {
        context.unjudged("the harness cannot take away what was not synced (losePower)");
        return;
      }
      await checkProperty(context, {
        runs: 20,
        arbitrary: cuts,
        tell: (all) => all.map(tellCut),
        holds: (all) =>
          bench.another(async (fresh) => {
            let done = 0;
            let epoch = 0;
            for (const cut of all) {
              const { store } = await fresh.open();
              const known = await runUntilCut(cut, done, (n) => store.commit(numberedBatch(n)));
              await fresh.harness.losePower?.(cut.seed);
              const state = await fresh.read();
              const found = lastBatchIn(state);
              if (found < known || found > done + cut.batches) {
                throw new ContractViolation("a loss of power took what was acknowledged", {
                  expected: `batches 1 to ${known}, or more up to ${done + cut.batches}`,
                  seen: `batches 1 to ${found}`,
                });
              }
              modelAfter(found).demand(
                state,
                "a loss of power halved a batch or mixed their order",
              );
              assert.ok(state.epoch > epoch, "the epoch grows");
              done = found;
              epoch = state.epoch;
            }
          }),
      });
    },
  ),
];

/** The number of the last batch acknowledged at the moment when the power goes. */
async function runUntilCut(
  { batches, acknowledged, turns, steps }: PowerCut,
  done: number,
  commit: (n: number) => Promise<void>,
): Promise<number> {
  let known = done;
  const commits = Array.from({ length: batches }, async (_, at) => {
    const n = done + at + 1;
    await commit(n);
    known = Math.max(known, n);
  });
  for (const each of commits) void each.catch(() => {});
  await Promise.all(commits.slice(0, acknowledged));
  for (let turn = 0; turn < turns; turn += 1) await new Promise((go) => setImmediate(go));
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
  return known;
}

function tellCut({ batches, acknowledged, turns, steps }: PowerCut): string {
  const moment = `${turns} turns and ${steps} steps after ${acknowledged} are acknowledged`;
  return `commit ${batches} batches, lose power ${moment}`;
}
