import { describe, expect, it } from "vitest";
import { DeadlineError, Lifecycle, type LifecyclePart } from "../../src/lifecycle/lifecycle.ts";
import { recordingLogger } from "../support/recording-logger.ts";

/** A part that writes down what happens to it. */
function part(name: string, log: string[], over: Partial<LifecyclePart> = {}): LifecyclePart {
  return {
    name,
    startTimeoutMs: 60_000,
    stopTimeoutMs: 60_000,
    start: () => {
      log.push(`start ${name}`);
      return Promise.resolve();
    },
    stop: () => {
      log.push(`stop ${name}`);
      return Promise.resolve();
    },
    ...over,
  };
}

const never = (): Promise<void> => new Promise(() => {});
const running = new AbortController().signal;

describe("Lifecycle", () => {
  it("starts in order and stops in reverse", async () => {
    const log: string[] = [];
    const lifecycle = new Lifecycle([part("a", log), part("b", log)], recordingLogger());

    await lifecycle.start(running);
    const unfinished = await lifecycle.stop();

    expect(log).toEqual(["start a", "start b", "stop b", "stop a"]);
    expect(unfinished).toEqual([]);
  });

  it("starts nothing after a part that failed, and stops that and those before", async () => {
    const log: string[] = [];
    const failure = new Error("no");
    const lifecycle = new Lifecycle(
      [part("a", log), part("b", log, { start: () => Promise.reject(failure) }), part("c", log)],
      recordingLogger(),
    );

    await expect(lifecycle.start(running)).rejects.toBe(failure);
    await lifecycle.stop();

    expect(log).toEqual(["start a", "stop b", "stop a"]);
  });

  it("gives up a start that takes longer than its deadline, and tells it so", async () => {
    let told: unknown;
    const late = part("late", [], {
      startTimeoutMs: 1,
      start: (signal) => {
        signal.addEventListener("abort", () => {
          told = signal.reason;
        });
        return never();
      },
    });

    const started = new Lifecycle([late], recordingLogger()).start(running);

    await expect(started).rejects.toThrow("the start of late took longer than 1 ms");
    expect(told).toBeInstanceOf(DeadlineError);
  });

  it("gives up a start when the signal aborts", async () => {
    const log: string[] = [];
    const stop = new AbortController();
    const reason = new Error("told to stop");
    const hanging = part("hanging", log, {
      start: () => {
        stop.abort(reason);
        return never();
      },
    });
    const lifecycle = new Lifecycle([hanging, part("next", log)], recordingLogger());

    await expect(lifecycle.start(stop.signal)).rejects.toBe(reason);
    await lifecycle.stop();

    expect(log).toEqual(["stop hanging"]);
  });

  it("stops the others when a part fails to stop or is late, and names those", async () => {
    const log: string[] = [];
    const lifecycle = new Lifecycle(
      [
        part("a", log),
        part("fails", log, { stop: () => Promise.reject(new Error("no")) }),
        part("hangs", log, { stopTimeoutMs: 1, stop: never }),
      ],
      recordingLogger(),
    );

    await lifecycle.start(running);
    const unfinished = await lifecycle.stop();

    expect(unfinished).toEqual(["hangs", "fails"]);
    expect(log.at(-1)).toBe("stop a");
  });

  it("stops each part once, however often it is asked to", async () => {
    const log: string[] = [];
    const lifecycle = new Lifecycle([part("a", log)], recordingLogger());
    await lifecycle.start(running);

    await lifecycle.stop();
    await lifecycle.stop();

    expect(log).toEqual(["start a", "stop a"]);
  });
});
