import { MemoryStateStore } from "@persys/adapters/memory";
import { FailingStateStore, ManualClock, SeededRandom } from "@persys/conformance";
import { AgentError, createEngine, type Engine, type StoredState } from "@persys/core";
import { describe, expect, it } from "vitest";

const never = new AbortController().signal;
const lost = new AgentError("OWNERSHIP_LOST", "another owner", { effect: "none" });

/** A store that can learn without a commit that it is not its owner's any more. */
class ToldStore extends FailingStateStore {
  readonly told: PromiseWithResolvers<AgentError> = Promise.withResolvers();

  override async open(signal: AbortSignal): Promise<StoredState> {
    return { ...(await super.open(signal)), ownershipLost: this.told.promise };
  }
}

function engineOver(store: ToldStore, clock: ManualClock): Engine {
  const random = new SeededRandom(1);
  return createEngine({ nodeId: "node-1", version: "test", runtimes: [], store, clock, random });
}

describe("an engine that is told that the state is another's", () => {
  it("stops with the reason, without a commit of its own", async () => {
    const store = new ToldStore(new MemoryStateStore());
    const clock = new ManualClock();
    const engine = engineOver(store, clock);
    await engine.start(never);

    store.told.resolve(lost);

    await expect(engine.failed).resolves.toBe(lost);
    expect(() => engine.api.status("web")).toThrow("another owner");
    expect(store.commits).toBe(0);
    await clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it("is told nothing new when it has stopped", async () => {
    const store = new ToldStore(new MemoryStateStore());
    const engine = engineOver(store, new ManualClock());
    await engine.start(never);
    await engine.stop();

    store.told.resolve(lost);

    const notFailed = new Promise((resolve) => setImmediate(resolve, "not failed"));
    expect(await Promise.race([engine.failed, notFailed])).toBe("not failed");
  });
});
