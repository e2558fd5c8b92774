import type { Caller } from "@persys/core";

/** Version 00 of the W3C Trace Context. */
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace that a call says it is in, where its header names one: anything else that callers put there is nobody's trace. */
export function traceOf(traceparent: string | null): { readonly traceparent?: string } {
  return traceparent !== null && traceparentPattern.test(traceparent) ? { traceparent } : {};
}

/** Who calls, with the trace it calls in where the header of that is one. */
export function callerOf(identity: string, traceparent: string | null): Caller {
  return { identity, ...traceOf(traceparent) };
}
