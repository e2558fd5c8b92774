import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { aRecord, anAction } from "@persys/conformance";
import { silentLogger } from "@persys/core";
import { describe, expect, it } from "vitest";

const never = new AbortController().signal;

describe("MemoryStateStore", () => {
  it("has a disk of its own unless it is given one", async () => {
    const store = new MemoryStateStore();
    await store.open(never);
    await store.commit([{ kind: "put-record", record: aRecord() }]);
    await store.close();

    expect((await store.open(never)).records).toEqual([aRecord()]);
    expect((await new MemoryStateStore().open(never)).records).toEqual([]);
  });

  it("gives out nothing that it holds", async () => {
    const disk = new MemoryDisk();
    const store = new MemoryStateStore({ disk });
    await store.open(never);
    await store.commit([{ kind: "put-record", record: aRecord({ labels: { tier: "front" } }) }]);

    const { records } = await store.open(never);
    Object.assign(records[0]?.labels ?? {}, { tier: "back" });

    expect((await store.open(never)).records[0]?.labels).toEqual({ tier: "front" });
  });

  it("drops damaged history with a warning", async () => {
    const disk = new MemoryDisk();
    const warned: unknown[] = [];
    const logger = { ...silentLogger, warn: (_: string, fields?: unknown) => warned.push(fields) };
    const store = new MemoryStateStore({ disk, logger });
    await store.open(never);
    await store.commit([1, 2].map((seq) => ({ kind: "put-action", action: anAction({ seq }) })));
    disk.actions.set(1, Buffer.alloc(8));

    const { actions } = await store.open(never);

    expect(actions.map(({ seq }) => seq)).toEqual([2]);
    expect(warned).toMatchObject([{ seq: 1 }]);
    expect(disk.actions.size).toBe(1);
  });
});
