import { describe, expect, it } from "vitest";
import { HintWaits } from "../../src/docker/hint-waits.ts";

describe("HintWaits", () => {
  const never = 2 ** 31 - 1;

  /** Waits over hints that the test gives. */
  function make(lookEveryMs = never, signal: AbortSignal = new AbortController().signal) {
    const listeners = new Set<() => void>();
    const waits = new HintWaits(
      (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      lookEveryMs,
      signal,
    );
    return { waits, listeners, hint: () => listeners.forEach((listener) => listener()) };
  }

  it("end at a hint", async () => {
    const { waits, hint } = make();
    const waiting = waits.wait();
    hint();

    await waiting;
  });

  it("end at once after a hint that came before, and only once for all of them", async () => {
    const { waits, hint } = make();
    hint();
    hint();
    await waits.wait();
    const second = waits.wait().then(() => "ended");

    expect(await Promise.race([second, Promise.resolve("waiting")])).toBe("waiting");
    hint();
    expect(await second).toBe("ended");
  });

  it("end when the time is over", async () => {
    await make(1).waits.wait();
  });

  it("end with the signal's reason", async () => {
    const control = new AbortController();
    const { waits } = make(never, control.signal);
    const waiting = waits.wait();
    const reason = new Error("enough");
    control.abort(reason);

    await expect(waiting).rejects.toBe(reason);
    await expect(waits.wait()).rejects.toBe(reason);
  });

  it("listen no longer once they are closed", () => {
    const { waits, listeners } = make();
    expect(listeners.size).toBe(1);
    waits.close();

    expect(listeners.size).toBe(0);
  });
});
