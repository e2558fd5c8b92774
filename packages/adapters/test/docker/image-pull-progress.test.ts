import { describe, expect, it } from "vitest";
import type { PullLine } from "../../src/docker/image-pull-lines.ts";
import { PullProgress } from "../../src/docker/image-pull-progress.ts";

const a = "0123456789ab";
const b = "ba9876543210";

function progressOf(...lines: readonly PullLine[]): PullProgress {
  const progress = new PullProgress("busybox:1");
  for (const line of lines) progress.add(line);
  return progress;
}

function downloading(id: string, current: number, total: number): PullLine {
  return { status: "Downloading", id, progressDetail: { current, total } };
}

describe("PullProgress", () => {
  it("says what is pulled before it knows of any layer", () => {
    expect(progressOf().sentence).toBe("pulling busybox:1");
  });

  it("takes a tag that looks like a layer for no layer", () => {
    const progress = progressOf({ status: "Pulling from library/busybox", id: a });

    expect(progress.sentence).toBe("pulling busybox:1");
  });

  it("counts layers and bytes", () => {
    const progress = progressOf(
      { status: "Pulling fs layer", id: a },
      { status: "Pulling fs layer", id: b },
      { status: "Already exists", id: "aaaaaaaaaaaa" },
      downloading(a, 100_000, 2_000_000),
      downloading(b, 1_000_000, 10_000_000),
    );

    expect(progress.sentence).toBe("pulling busybox:1: 1 of 3 layers, 1.1 of 12.0 MB");
    expect(progress.totalBytes).toBe(12_000_000);
  });

  it("does not count the bytes again that are unpacked", () => {
    const progress = progressOf(
      downloading(a, 100_000, 2_000_000),
      { status: "Download complete", id: a },
      { status: "Extracting", id: a, progressDetail: { current: 5, total: 2_000_000 } },
    );

    expect(progress.sentence).toBe("pulling busybox:1: 0 of 1 layer, 2.0 of 2.0 MB");
  });

  it("ends with all layers and bytes", () => {
    const progress = progressOf(
      downloading(a, 100_000, 2_000_000),
      { status: "Pull complete", id: a, progressDetail: {} },
      { status: "Status: Downloaded newer image" },
    );

    expect(progress.sentence).toBe("pulling busybox:1: 1 of 1 layer, 2.0 of 2.0 MB");
  });

  it("tells a line that says something new from one that was said of the same layer", () => {
    const progress = progressOf(downloading(a, 1, 10));

    expect(progress.add(downloading(a, 1, 10))).toBe(false);
    expect(progress.add(downloading(b, 1, 10))).toBe(true);
    expect(progress.add(downloading(a, 1, 10))).toBe(false);
    expect(progress.add(downloading(a, 2, 10))).toBe(true);
  });

  it("remembers so many layers and no more", () => {
    const progress = new PullProgress("busybox:1");
    for (let n = 0; n < 100_000; n++)
      progress.add(downloading(n.toString(16).padStart(12, "0"), 1, 1));

    expect(progress.sentence).toContain("of 512 layers");
  });
});
