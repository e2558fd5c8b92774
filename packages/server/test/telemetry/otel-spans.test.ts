import { context, type Span as OtelSpan, trace, type Tracer } from "@opentelemetry/api";
import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { OtelSpans } from "../../src/telemetry/otel-spans.ts";

interface Seen {
  readonly name: string;
  readonly parent: string | undefined;
  readonly links: number;
  readonly attributes: Record<string, unknown>;
  status: number;
  ended: number;
}

/** Spans that only remember; nothing is ever active, as without the SDK's context manager. */
function recording(): { spans: OtelSpans; seen: Seen[] } {
  const seen: Seen[] = [];
  const noop = trace.getTracer("none");
  const tracer: Tracer = {
    startSpan(name, options = {}, from = context.active()): OtelSpan {
      const one: Seen = {
        name,
        parent: trace.getSpanContext(from)?.spanId,
        links: options.links?.length ?? 0,
        attributes: { ...options.attributes },
        status: 0,
        ended: 0,
      };
      seen.push(one);
      return Object.assign(noop.startSpan(name), {
        setAttribute: (key: string, value: unknown) => (one.attributes[key] = value),
        setAttributes: (more: object) => Object.assign(one.attributes, more),
        setStatus: ({ code }: { readonly code: number }) => (one.status = code),
        end: () => (one.ended += 1),
      });
    },
    startActiveSpan: (): never => {
      throw new Error("not used");
    },
  };
  return { spans: new OtelSpans(tracer), seen };
}

const cause = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("OtelSpans", () => {
  it("ends a span when its work has settled, and returns what that returns", async () => {
    const { spans, seen } = recording();
    const { promise, resolve } = Promise.withResolvers<number>();

    const result = spans.run("work", { place: { kind: "begins" } }, () => promise);
    expect(result).toBe(promise);
    expect(seen[0]?.ended).toBe(0);
    resolve(7);

    expect(await result).toBe(7);
    expect(seen[0]?.ended).toBe(1);
    expect(spans.run("more", { place: { kind: "begins" } }, () => 8)).toBe(8);
    expect(seen[1]?.ended).toBe(1);
  });

  it("puts work into the trace of its cause, or links it", () => {
    const { spans, seen } = recording();

    spans.run("a", { place: { kind: "continues", traceparent: cause } }, () => 0);
    spans.run("b", { place: { kind: "begins", cause } }, () => 0);
    spans.run("c", { place: { kind: "begins", cause: "nonsense" } }, () => 0);
    spans.run("d", { place: { kind: "continues", traceparent: "nonsense" } }, () => 0);

    expect(seen.map(({ parent, links }) => [parent, links])).toEqual([
      ["b7ad6b7169203331", 0],
      [undefined, 1],
      [undefined, 0],
      [undefined, 0],
    ]);
  });

  it("does not trace what stands outside, nor what is inside of nothing", () => {
    const { spans, seen } = recording();

    expect(spans.run("a", { place: { kind: "outside" } }, () => 1)).toBe(1);
    expect(spans.run("b", { place: { kind: "inside" } }, () => 2)).toBe(2);

    expect(seen).toEqual([]);
  });

  it("shows a leaf when it is over, if it failed or took its time", async () => {
    const { spans, seen } = recording();
    const place = { kind: "begins" } as const;
    const never = Number.POSITIVE_INFINITY;

    expect(spans.run("quick", { place, leafMs: never }, () => 1)).toBe(1);
    const { promise, resolve } = Promise.withResolvers<number>();
    const slow = spans.run("slow", { place, leafMs: 0, attributes: { a: "b" } }, () => promise);
    expect(seen).toEqual([]);
    resolve(2);
    expect(await slow).toBe(2);
    const failing = new AgentError("TIMEOUT", "too late");
    await expect(
      spans.run("failed", { place, leafMs: never }, () => Promise.reject(failing)),
    ).rejects.toBe(failing);

    expect(seen.map((one) => [one.name, one.status, one.ended])).toEqual([
      ["slow", 0, 1],
      ["failed", 2, 1],
    ]);
    expect(seen[0]?.attributes).toEqual({ a: "b" });
  });

  it("shows a failure by its code alone", async () => {
    const { spans, seen } = recording();
    const place = { kind: "begins" } as const;
    const failing = new AgentError("NETWORK_ERROR", "the password is hunter2");

    await expect(spans.run("a", { place }, () => Promise.reject(failing))).rejects.toBe(failing);
    expect(() =>
      spans.run("b", { place }, () => {
        throw new TypeError("hunter2");
      }),
    ).toThrow(TypeError);
    const off = new AgentError("CANCELLED", "called off");
    await expect(spans.run("c", { place }, () => Promise.reject(off))).rejects.toBe(off);
    spans.run("d", { place }, (span) => {
      span.note({ more: "x" });
      span.fail("IMAGE_NOT_FOUND");
    });

    expect(seen.map(({ attributes, status, ended }) => [attributes, status, ended])).toEqual([
      [{ "error.type": "NETWORK_ERROR" }, 2, 1],
      [{ "error.type": "INTERNAL" }, 2, 1],
      [{}, 0, 1],
      [{ more: "x", "error.type": "IMAGE_NOT_FOUND" }, 2, 1],
    ]);
  });
});
