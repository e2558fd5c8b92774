import type { Caller } from "@persys/core";

/** Version 00 of the W3C Trace Context. */
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Who calls, with the trace it calls in where the header of that is one. */
export function callerOf(identity: string, traceparent: string | null): Caller {
  const traced = traceparent !== null && traceparentPattern.test(traceparent);
  return traced ? { identity, traceparent } : { identity };
}
