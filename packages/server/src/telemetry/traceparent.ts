import { isSpanContextValid, type SpanContext } from "@opentelemetry/api";

const pattern = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Whom a W3C traceparent names; undefined where it is none. */
export function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId = "", spanId = "", flags = ""] = pattern.exec(traceparent) ?? [];
  const named = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(named) ? named : undefined;
}

/** The W3C traceparent that names a span; undefined where that is none. */
export function traceparentOf(span: SpanContext): string | undefined {
  if (!isSpanContextValid(span)) return undefined;
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, "0");
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}
