import { describe, expect, it } from "vitest";
import { humanBytes } from "../../src/text/bytes.ts";

describe("humanBytes", () => {
  it.for([
    [0n, "0 B"],
    [1_023n, "1023 B"],
    [1_024n, "1.0 KiB"],
    [13_002_342n, "12.4 MiB"],
    [2_199_023_255_552_000n, "2000.0 TiB"],
  ] as const)("says %d as %s", ([bytes, text]) => {
    expect(humanBytes(bytes)).toBe(text);
  });
});
