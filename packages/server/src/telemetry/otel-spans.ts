import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import { AgentError, noSpan, type Span, type SpanOptions, type SpanPlace } from "@persys/core";
import { spanContextOf } from "./traceparent.ts";

/** Shows the engine's work as spans of the OpenTelemetry SDK. What is under way is found by the asynchronous context. */
export class OtelSpans {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** As `Telemetry.span` says. */
  run<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
    const { place, attributes = {}, leafMs } = options;
    if (place.kind === "outside") return outside(() => work(noSpan));
    const parent = parentOf(place);
    if (parent === undefined) return work(noSpan);
    if (leafMs !== undefined) return this.#leaf(name, { attributes, parent, leafMs }, work);
    const span = this.#tracer.startSpan(name, { attributes, links: linksOf(place) }, parent);
    return untilSettled(
      () => context.with(trace.setSpan(parent, span), () => work(shownBy(span))),
      (error) => end(span, error),
    );
  }

  /** A span that is made when its work is over, if it is made. */
  #leaf<T>(name: string, { attributes, parent, leafMs }: Leaf, work: (span: Span) => T): T {
    const startTime = Date.now();
    return untilSettled(
      () => work(noSpan),
      (error) => {
        if (error === undefined && Date.now() - startTime < leafMs) return;
        end(this.#tracer.startSpan(name, { attributes, startTime }, parent), error);
      },
    );
  }
}

interface Leaf {
  readonly attributes: Attributes;
  readonly parent: Context;
  readonly leafMs: number;
}

/** Shows a span as failed: by a code, never by a text, which may hold what a spec holds. */
export function failSpan(span: OtelSpan, code: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function outside<T>(work: () => T): T {
  return trace.getActiveSpan() === undefined ? work() : context.with(ROOT_CONTEXT, work);
}

/** Undefined: not traced. */
function parentOf(place: SpanPlace): Context | undefined {
  if (place.kind === "continues") {
    const cause = spanContextOf(place.traceparent);
    return cause === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, cause);
  }
  if (place.kind === "begins") return ROOT_CONTEXT;
  // One that has ended goes on in the context of what it began, such as timers, and is no place to be in.
  return trace.getActiveSpan()?.isRecording() === true ? context.active() : undefined;
}

function linksOf(place: SpanPlace): Link[] {
  const cause = place.kind === "begins" ? place.cause : undefined;
  const linked = cause === undefined ? undefined : spanContextOf(cause);
  return linked === undefined ? [] : [{ context: linked }];
}

function shownBy(span: OtelSpan): Span {
  return {
    note: (attributes) => void span.setAttributes(attributes),
    fail: (code) => failSpan(span, code),
  };
}

/** What `work` returns; `settled` is called when that has settled, with the error where there is one. */
function untilSettled<T>(work: () => T, settled: (error?: unknown) => void): T {
  try {
    const result = work();
    if (result instanceof Promise) result.then(() => settled(), settled);
    else settled();
    return result;
  } catch (error) {
    settled(error);
    throw error;
  }
}

function end(span: OtelSpan, error: unknown): void {
  if (error !== undefined) {
    const { code } = AgentError.from(error);
    if (code !== "CANCELLED") failSpan(span, code);
  }
  span.end();
}
