import { describe, expect, it } from "vitest";
import { spanContextOf, traceparentOf } from "../../src/telemetry/traceparent.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";

describe("a traceparent", () => {
  it.each(["01", "00"])("with flags %s names a span, and is named by it", (flags) => {
    const text = `00-${trace}-${span}-${flags}`;

    const named = spanContextOf(text);

    expect(named).toEqual({
      traceId: trace,
      spanId: span,
      traceFlags: Number(flags),
      isRemote: true,
    });
    expect(named === undefined ? "" : traceparentOf(named)).toBe(text);
  });

  it.each([
    "",
    "00",
    `ff-${trace}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-01-more`,
  ])("is not %j", (text) => {
    expect(spanContextOf(text)).toBeUndefined();
  });

  it("is not made of a span that is none", () => {
    const none = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };
    expect(traceparentOf(none)).toBeUndefined();
  });
});
