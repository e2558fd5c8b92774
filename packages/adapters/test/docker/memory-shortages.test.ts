import { describe, expect, it } from "vitest";
import { containerReportOf, type ContainerReport } from "../../src/docker/docker-reports.ts";
import { MemoryShortages } from "../../src/docker/memory-shortages.ts";
import { forever } from "../support/runtime-calls.ts";

const startedAtMs = Date.now() - 500;

function reportOf(state: object = {}, memory = 8_388_608): ContainerReport {
  const stamp = (ms: number): string => new Date(ms).toISOString();
  return containerReportOf({
    Id: "c1",
    Name: "/web",
    Image: "sha256:1",
    State: {
      Status: "exited",
      Running: false,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      ExitCode: 137,
      StartedAt: stamp(startedAtMs),
      FinishedAt: stamp(Date.now()),
      ...state,
    },
    Config: { Image: "web:1", Labels: {} },
    HostConfig: { Memory: memory },
    NetworkSettings: { Networks: {} },
  });
}

/** Hints that come when the test says so. */
function hints(): {
  readonly onHint: (listener: () => void) => () => void;
  readonly give: () => void;
} {
  const listeners = new Set<() => void>();
  return {
    onHint: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    give: () => {
      for (const listener of listeners) listener();
    },
  };
}

describe("an end for want of memory", () => {
  it("is what the inspection says it is", async () => {
    const shortages = new MemoryShortages();

    expect(await shortages.hasEnded(reportOf({ OOMKilled: true }), undefined, forever)).toBe(true);
    expect(await shortages.hasEnded(reportOf({ ExitCode: 0 }), undefined, forever)).toBe(false);
  });

  it("is what an event says that comes after the end", async () => {
    const shortages = new MemoryShortages();
    const { onHint, give } = hints();

    const told = shortages.hasEnded(reportOf(), onHint, forever);
    shortages.note("c1", Date.now());
    give();

    expect(await told).toBe(true);
    expect(await shortages.hasEnded(reportOf(), undefined, forever)).toBe(true);
  });

  it("is not told of another run, of one that goes on, or of one that ended otherwise", async () => {
    const shortages = new MemoryShortages();
    shortages.note("c1", startedAtMs - 1);
    expect(await shortages.hasEnded(reportOf(), undefined, forever)).toBe(false);

    shortages.note("c1", Date.now());
    expect(await shortages.hasEnded(reportOf({ Running: true }), undefined, forever)).toBe(false);
    expect(await shortages.hasEnded(reportOf({ ExitCode: 3 }), undefined, forever)).toBe(false);
  });

  it("is waited for only where it may be on its way, and not for ever", async () => {
    const shortages = new MemoryShortages();
    let asked = 0;
    const onHint = (): (() => void) => {
      asked += 1;
      return () => undefined;
    };

    expect(await shortages.hasEnded(reportOf(), onHint, forever)).toBe(false);
    expect(asked).toBe(1);
    const noLimit = reportOf({}, 0);
    const longAgo = reportOf({ FinishedAt: new Date(Date.now() - 60_000).toISOString() });
    for (const report of [noLimit, longAgo])
      expect(await shortages.hasEnded(report, onHint, forever)).toBe(false);
    expect(asked).toBe(1);
  });
});
