import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutput } from "../src/output.ts";
import { createProgress } from "../src/progress.ts";
import { fakeHost, type HostSetting } from "./fake-host.ts";

interface Setting extends HostSetting {
  readonly color?: boolean;
  readonly quiet?: boolean;
}

/** Output and progress of a run that never was, and what they wrote to stderr. */
function outputIn({ color = true, quiet = false, terminal = true, ...setting }: Setting) {
  const { host, stderr } = fakeHost({ ...setting, terminal });
  const output = createOutput(host, { color, quiet, json: false });
  return { output, progress: () => createProgress(host, output), written: stderr };
}

describe("the colours of output", () => {
  it.each<[string, Setting, boolean]>([
    ["a terminal", {}, true],
    ["no terminal", { terminal: false }, false],
    ["--no-color", { color: false }, false],
    ["NO_COLOR", { env: { NO_COLOR: "1" } }, false],
    ["an empty NO_COLOR", { env: { NO_COLOR: "" } }, true],
    ["a dumb terminal", { env: { TERM: "dumb" } }, false],
    ["FORCE_COLOR without a terminal", { env: { FORCE_COLOR: "1" }, terminal: false }, true],
    ["FORCE_COLOR=0 without a terminal", { env: { FORCE_COLOR: "0" }, terminal: false }, false],
  ])("with %s", (_, setting, coloured) => {
    const { palette } = outputIn(setting).output;

    expect(palette.good("ok")).toBe(coloured ? "\u001b[32mok\u001b[39m" : "ok");
  });
});

describe("remarks", () => {
  it("are harmless lines on stderr, and absent with --quiet", async () => {
    const loud = outputIn({});
    const quiet = outputIn({ quiet: true });

    await loud.output.note("a\u001b[2J");
    await quiet.output.note("b");

    expect(loud.written()).toBe("a\\x1b[2J\n");
    expect(quiet.written()).toBe("");
  });
});

describe("progress", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is one line on a terminal that changes in place, after a second, and is taken away", () => {
    const { progress, written } = outputIn({ color: false });
    const shown = progress();
    shown.show("web", "PENDING, starting\u001b[2J");
    vi.advanceTimersByTime(900);
    expect(written()).toBe("");

    vi.advanceTimersByTime(1200);
    expect(written().endsWith(" web: PENDING, starting\\x1b[2J 2s")).toBe(true);
    shown.end();

    expect(written()).toBe("\r\u001b[K");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is a line for each change elsewhere, and nothing within the first second", () => {
    const { progress, written } = outputIn({ terminal: false });
    const shown = progress();
    shown.show("web", "one");
    shown.show("web", "two");
    vi.advanceTimersByTime(1100);
    shown.show("web", "two");
    vi.advanceTimersByTime(1000);
    shown.show("web", "three");
    vi.advanceTimersByTime(1000);
    shown.end();

    expect(written()).toBe("web: two\nweb: three\n");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is no line for what is over at once", () => {
    const { progress, written } = outputIn({ terminal: false });
    const shown = progress();
    shown.show("web", "failed");
    vi.advanceTimersByTime(1000);
    for (let tries = 0; tries < 3; tries += 1) {
      shown.show("web", "failed; tried again now");
      vi.advanceTimersByTime(50);
      shown.show("web", "failed");
      vi.advanceTimersByTime(2000);
    }
    shown.end();

    expect(written()).toBe("web: failed\n");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is a line now and then, not at each change, where only numbers change", () => {
    const { progress, written } = outputIn({ terminal: false });
    const shown = progress();
    vi.advanceTimersByTime(1000);
    for (let megabytes = 1; megabytes <= 12; megabytes += 1) {
      shown.show("web", `pulling: ${megabytes} MB`);
      vi.advanceTimersByTime(1000);
    }
    shown.show("web", "starting");
    vi.advanceTimersByTime(1000);
    shown.end();

    expect(written()).toBe(
      "web: pulling: 1 MB\nweb: pulling: 6 MB\nweb: pulling: 11 MB\nweb: starting\n",
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is nothing with --quiet", () => {
    const { progress, written } = outputIn({ quiet: true });
    const shown = progress();
    shown.show("web", "one");
    vi.advanceTimersByTime(5000);
    shown.end();

    expect(written()).toBe("");
  });
});
