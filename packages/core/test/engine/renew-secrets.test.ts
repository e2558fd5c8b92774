import { MemoryStateStore } from "@persys/adapters/memory";
import { ManualClock } from "@persys/conformance";
import {
  defaultEnginePolicy,
  isWorkloadId,
  type SealingKey,
  silentLogger,
  type WorkloadId,
  type WorkloadRecord,
} from "@persys/core";
import { describe, expect, it } from "vitest";
import { renewSecrets } from "../../src/engine/renew-secrets.ts";
import { SpecSecrets } from "../../src/engine/spec-secrets.ts";
import { PaperSealer } from "../support/paper-sealer.ts";
import { SimulatedNode } from "../support/simulated-node.ts";

/** A sealer that has another key than that of what is stored, and takes a millisecond to see so. */
class SlowSealer extends PaperSealer {
  nowMs = 0;

  override keyOf(sealed: string): SealingKey {
    this.nowMs += 1;
    return super.keyOf(sealed);
  }
}

function workloadId(text: string): WorkloadId {
  if (!isWorkloadId(text)) throw new Error(`${text} is no id`);
  return text;
}

async function storedRecord(): Promise<WorkloadRecord> {
  const node = await SimulatedNode.start({ secretSealer: new PaperSealer(["lost"]) });
  await node.settled("web", "r1", { secret: "correct horse battery" });
  await node.stop();
  const store = new MemoryStateStore({ disk: node.disk });
  const [record] = (await store.open(new AbortController().signal)).records;
  if (record === undefined) throw new Error("nothing is stored");
  return record;
}

describe("renewing secrets", () => {
  it("lets others have a turn while it looks for missing keys, and names all that miss theirs", async () => {
    const record = await storedRecord();
    const records = Array.from({ length: 500 }, (_, at) => ({
      ...record,
      id: workloadId(`w${at}`),
    }));
    const sealer = new SlowSealer(["other"]);
    const errors: unknown[] = [];
    const turnsMs: number[] = [];
    let beganMs = 0;
    const turn = (): void => {
      turnsMs.push(sealer.nowMs - beganMs);
      beganMs = sealer.nowMs;
    };
    const manual = new ManualClock();
    const renewed = await renewSecrets(records, {
      secrets: new SpecSecrets(sealer, () => undefined),
      logger: { ...silentLogger, error: (_, fields) => errors.push(fields) },
      clock: {
        wallMs: () => manual.wallMs(),
        monotonicMs: () => sealer.nowMs,
        schedule: (delayMs, wake) => manual.schedule(delayMs, wake),
        yield: async () => turn(),
      },
      policy: defaultEnginePolicy,
      store: { commit: () => Promise.reject(new Error("there is nothing to store")) },
      signal: new AbortController().signal,
    });
    turn();

    expect(renewed).toEqual(records);
    expect(errors).toEqual([
      { workloads: 500, ids: Array.from({ length: 20 }, (_, at) => `w${at}`) },
    ]);
    expect(Math.max(...turnsMs)).toBeLessThan(15);
  });
});
