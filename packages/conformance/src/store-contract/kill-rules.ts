import assert from "node:assert/strict";
import { ContractViolation } from "../contract-violation.ts";
import { SeededRandom } from "../seeded-random.ts";
import { CommittingChild } from "./child-process.ts";
import { lastBatchIn, modelAfter } from "./numbered-batches.ts";
import type { StoreBench } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

const rounds = 2;

/** What was acknowledged outlives the process. */
export const killRules: readonly StoreRule[] = [
  must(
    "ST-022 kill",
    "a process killed while it commits loses nothing acknowledged, halves no batch and leaves no lock",
    async (bench, context) => {
      const { childProcess } = bench.harness;
      if (childProcess === undefined) {
        context.unjudged("the harness does not open its storage in a child process (childProcess)");
        return;
      }
      const random = new SeededRandom(context.seed);
      const sequence: string[] = [];
      let done = 0;
      let { epoch } = await bench.read();
      for (let round = 0; round < rounds; round += 1) {
        context.signal.throwIfAborted();
        const wanted = random.integer(60);
        sequence.push(`a child process commits, SIGKILL once ${wanted} batches are acknowledged`);
        const child = new CommittingChild(childProcess, done, context.signal);
        const known = await killAfter(child, done, wanted);
        const state = await openAfter(bench, sequence);
        const found = lastBatchIn(state);
        if (found < known) {
          throw new ContractViolation("a batch that was acknowledged is gone", {
            sequence,
            expected: `batches 1 to ${known}, or more`,
            seen: `batches 1 to ${found}`,
          });
        }
        modelAfter(found).demand(state, "a kill halved a batch or mixed their order");
        assert.ok(state.epoch >= epoch + 2, "both the child and its successor raised the epoch");
        done = found;
        epoch = state.epoch;
      }
    },
  ),
];

/** The number of the last batch that a child acknowledged before it was killed. */
async function killAfter(child: CommittingChild, done: number, wanted: number): Promise<number> {
  let known = done;
  try {
    await child.opened();
    for (let at = 0; at < wanted; at += 1) known = Math.max(known, await child.next());
  } finally {
    await child.kill();
  }
  return Math.max(known, ...(await child.rest()));
}

async function openAfter(
  bench: StoreBench,
  sequence: readonly string[],
): Promise<Awaited<ReturnType<StoreBench["read"]>>> {
  try {
    return await bench.read();
  } catch (cause) {
    throw new ContractViolation("the state cannot be opened after its owner was killed", {
      sequence,
      cause,
    });
  }
}
