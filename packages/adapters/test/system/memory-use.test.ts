import { describe, expect, it } from "vitest";
import { memoryPercentFrom } from "../../src/system/memory-use.ts";

describe("memoryPercentFrom", () => {
  it("counts what the kernel does not call available", () => {
    const meminfo =
      "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   12000 kB\n";

    expect(memoryPercentFrom(meminfo)).toBe(25);
  });

  it.each(["", "MemTotal: 16000 kB\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n"])(
    "is undefined when the text does not say: %j",
    (meminfo) => {
      expect(memoryPercentFrom(meminfo)).toBeUndefined();
    },
  );
});
