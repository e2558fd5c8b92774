import { MemoryStateStore } from "@persys/adapters/memory";
import { aRecord, FailingStateStore, ManualClock } from "@persys/conformance";
import { noTelemetry, type WorkloadRecord } from "@persys/core";
import { describe, expect, it } from "vitest";
import { ActionLog } from "../../src/engine/action-log.ts";
import { type Decide, RecordWriter } from "../../src/engine/record-writer.ts";

/** More than are kept apart. */
const many = 30;

/** Counts one more of `what` in the labels. */
function counting(what: string): Decide {
  return (record) => {
    if (record === undefined) return undefined;
    const count = Number(record.labels[what] ?? 0) + 1;
    return { record: { ...record, labels: { ...record.labels, [what]: `${count}` } }, actions: [] };
  };
}

async function writerOf(record: WorkloadRecord): Promise<[RecordWriter, FailingStateStore]> {
  const clock = new ManualClock();
  const store = new FailingStateStore(new MemoryStateStore());
  await store.open(new AbortController().signal);
  const bounds = { actionsMax: 10, actionsMaxAgeMs: 1_000_000 };
  const context = {
    store,
    actionLog: new ActionLog(bounds, []),
    clock,
    telemetry: noTelemetry,
    commitTimeoutMs: 5_000,
    onCommit: () => {},
    onCommitFailed: () => {},
  };
  return [new RecordWriter(context, record, () => {}), store];
}

describe("what could not be stored, however much it is,", () => {
  it("is stored once, with the next commit that succeeds", async () => {
    const [writer, store] = await writerOf(aRecord());
    store.failNext({ times: many });
    for (let at = 0; at < many; at += 1) await writer.amend(counting("learnt"));

    await writer.change(counting("asked"));

    expect(writer.committed?.labels).toEqual({ learnt: `${many}`, asked: "1" });
    expect(writer.isStored).toBe(true);
  });

  it.each([true, false])(
    "is stored once where a commit with some of it is in doubt, stored %s",
    async (stored) => {
      const [writer, store] = await writerOf(aRecord());
      store.failNext();
      await writer.amend(counting("learnt"));
      store.failNext({ stored, effect: "unknown" });
      await expect(writer.change(counting("asked"))).rejects.toThrow();
      for (let at = 1; at < many; at += 1) writer.keep(counting("learnt"));

      await writer.amend(() => undefined);

      expect(writer.committed?.labels).toEqual({ learnt: `${many}`, asked: "1" });
      expect(writer.isStored).toBe(true);
    },
  );

  it.each([
    ["succeeds", false, { learnt: `${many}`, asked: "1" }],
    ["fails", true, { learnt: `${many}` }],
  ] as const)("is stored once where a commit with some of it %s meanwhile", async (...row) => {
    const [, fails, labels] = row;
    const [writer, store] = await writerOf(aRecord());
    store.failNext();
    await writer.amend(counting("learnt"));
    if (fails) store.failNext();
    const release = store.hang();
    const asking = writer.change(counting("asked")).catch(() => {});
    await new ManualClock().settle();
    for (let at = 1; at < many; at += 1) writer.keep(counting("learnt"));
    release();
    await asking;

    await writer.amend(() => undefined);

    expect(writer.committed?.labels).toEqual(labels);
    expect(writer.isStored).toBe(true);
  });
});
