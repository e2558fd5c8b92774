import { describe, expect, it } from "vitest";
import { StoreBench } from "../../src/store-contract/store-bench.ts";
import type { StateStoreHarness } from "../../src/store-contract/state-store-harness.ts";
import { MapStateStore, MapStorage } from "../support/map-state-store.ts";
import { mapHarness } from "../command/modules/map-store.ts";

class Unclosable extends MapStateStore {
  override async close(): Promise<void> {
    throw new Error("the store cannot be closed");
  }
}

let disposals = 0;

/** A storage whose stores cannot be closed, and that is disposed of all the same, with an error. */
async function unclearable(): Promise<StateStoreHarness> {
  const storage = new MapStorage();
  return {
    ...mapHarness((held) => new Unclosable(held), storage),
    dispose: async () => {
      disposals += 1;
      throw new Error("the storage cannot be removed");
    },
  };
}

describe("StoreBench", () => {
  it("tells the broken promise, not what could not be cleared away after it", async () => {
    const broken = StoreBench.with(unclearable, async (bench) => {
      await bench.open();
      throw new Error("a record is gone");
    });

    await expect(broken).rejects.toThrow("a record is gone");
  });

  it("clears away what it can, and tells all that it could not", async () => {
    const before = disposals;

    const kept = StoreBench.with(unclearable, async (bench) => {
      await bench.open();
    });

    await expect(kept).rejects.toThrow(
      "it cannot be cleared away: the store cannot be closed; the storage cannot be removed",
    );
    expect(disposals).toBe(before + 1);
  });
});
