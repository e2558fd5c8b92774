import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { listenForStop } from "../../src/lifecycle/stop-signals.ts";

function listening(hangUpStops = false): {
  source: EventEmitter;
  heard: string[];
  at: (nowMs: number) => void;
  end: () => void;
} {
  const source = new EventEmitter();
  const heard: string[] = [];
  let nowMs = 0;
  const end = listenForStop({
    source,
    hangUpStops,
    nowMs: () => nowMs,
    listener: {
      onStop: (signal) => heard.push(`stop ${signal}`),
      onForce: (signal) => heard.push(`force ${signal}`),
    },
  });
  const at = (timeMs: number): void => {
    nowMs = timeMs;
  };
  return { source, heard, at, end };
}

describe("listenForStop", () => {
  it("takes the first signal as the wish to stop and a later one as impatience", () => {
    const { source, heard, at } = listening();

    source.emit("SIGTERM", "SIGTERM");
    at(1_000);
    source.emit("SIGINT", "SIGINT");

    expect(heard).toEqual(["stop SIGTERM", "force SIGINT"]);
  });

  it("takes a signal that comes twice at once, as through npm on Ctrl-C, for one", () => {
    const { source, heard, at } = listening();

    source.emit("SIGINT", "SIGINT");
    at(999);
    source.emit("SIGINT", "SIGINT");

    expect(heard).toEqual(["stop SIGINT"]);
  });

  it("ignores a terminal that is closed, except where that is to stop it", () => {
    const service = listening(false);
    const trial = listening(true);

    service.source.emit("SIGHUP", "SIGHUP");
    trial.source.emit("SIGHUP", "SIGHUP");

    expect(service.heard).toEqual([]);
    expect(trial.heard).toEqual(["stop SIGHUP"]);
  });

  it("leaves no listener behind", () => {
    const { source, end } = listening();

    end();

    expect(source.eventNames()).toEqual([]);
  });
});
