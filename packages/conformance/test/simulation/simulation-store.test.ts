import { AgentError, type StoredState } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";
import type { PortTap } from "../../src/port-tap.ts";
import { aRecord, anAction, anId } from "../../src/record-builder.ts";
import { SimulationDisk, SimulationStore } from "../../src/simulation/simulation-store.ts";

const alive = new AbortController().signal;
const id = anId("web");
const through: PortTap = async () => {};

let disk: SimulationDisk;

function storeWith(tap: PortTap): SimulationStore {
  return new SimulationStore(disk, tap, { onStored: () => {} });
}

async function opened(tap: PortTap = through): Promise<SimulationStore> {
  const store = storeWith(tap);
  await store.open(alive);
  return store;
}

function reopen(): Promise<StoredState> {
  return storeWith(through).open(alive);
}

beforeEach(() => {
  disk = new SimulationDisk();
});

describe("SimulationStore", () => {
  it("gives a later owner what was committed, and nothing else", async () => {
    const store = await opened();
    await store.commit([
      { kind: "put-record", record: aRecord({ id }) },
      { kind: "put-action", action: anAction({ seq: 1 }) },
    ]);

    const { epoch, records, actions } = await reopen();
    expect([epoch, records.map((record) => record.id), actions.map(({ seq }) => seq)]).toEqual([
      2,
      [id],
      [1],
    ]);
  });

  it("loses what had not taken effect when the agent died", async () => {
    const store = await opened((call, at) =>
      call.op === "commit" && at === "before" ? new Promise(() => {}) : Promise.resolve(),
    );
    void store.commit([{ kind: "put-record", record: aRecord({ id }) }]);
    store.die(false);

    expect((await reopen()).records).toEqual([]);
  });

  it("quarantines the record that was being written when it is torn, until it is put again", async () => {
    const store = await opened();
    await store.commit([{ kind: "put-record", record: aRecord({ id }) }]);
    const hanging = await opened((call, at) =>
      call.op === "commit" && at === "before" ? new Promise(() => {}) : Promise.resolve(),
    );
    void hanging.commit([{ kind: "put-record", record: aRecord({ id, generation: 2 }) }]);

    expect(hanging.die(true)).toBe(id);
    const { records, quarantined } = await reopen();
    expect([records, quarantined.map((record) => record.id)]).toEqual([[], [id]]);
    await (await opened()).commit([{ kind: "put-record", record: aRecord({ id }) }]);
    expect((await reopen()).quarantined).toEqual([]);
  });

  it("lets batches take effect in the order of the calls, whichever is slow", async () => {
    const gates: (() => void)[] = [];
    const store = await opened((call, at) => {
      if (call.op !== "commit" || at !== "before" || gates.length > 0) return Promise.resolve();
      return new Promise((resolve) => gates.push(resolve));
    });
    const first = store.commit([{ kind: "put-record", record: aRecord({ id, generation: 1 }) }]);
    const second = store.commit([{ kind: "put-record", record: aRecord({ id, generation: 2 }) }]);
    gates[0]?.();
    await Promise.all([first, second]);

    expect((await reopen()).records[0]?.generation).toBe(2);
  });

  it("refuses a former owner", async () => {
    const former = await opened();
    await opened();
    const error: unknown = await former
      .commit([{ kind: "delete-record", id }])
      .catch((thrown: unknown) => thrown);

    expect(AgentError.hasCode(error, "OWNERSHIP_LOST")).toBe(true);
  });
});
