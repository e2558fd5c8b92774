import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type TextMapGetter,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  METRIC_RPC_SERVER_CALL_DURATION,
} from "@opentelemetry/semantic-conventions";
import type { Telemetry } from "@persys/core";
import type { CallObserver, IncomingCall, ObservedCall } from "@persys/transports";
import { failSpan } from "./otel-spans.ts";
import { traceparentOf } from "./traceparent.ts";

/** By their numbers, as gRPC names them. */
const statusNames: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** Those for which the server is to blame, by the semantic conventions for RPC. */
const serverErrors: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

const headers: TextMapGetter<IncomingCall> = {
  get: (call, name) => call.header(name),
  keys: () => [],
};

/** Measures every call of the API and, where anything is traced, shows it as a span in the trace of its caller. */
export class OtelCalls implements CallObserver {
  readonly #telemetry: Pick<Telemetry, "measure">;
  readonly #tracer: Tracer | undefined;

  constructor(telemetry: Pick<Telemetry, "measure"> & { readonly tracer: Tracer | undefined }) {
    this.#telemetry = telemetry;
    this.#tracer = telemetry.tracer;
  }

  begin(call: IncomingCall): ObservedCall {
    const beganMs = performance.now();
    const labels = { [ATTR_RPC_SYSTEM_NAME]: call.system, [ATTR_RPC_METHOD]: call.method };
    const shown = this.#show(call, labels);
    let isOver = false;
    return {
      traceparent: shown?.traceparent,
      run: shown?.run ?? ((work) => work()),
      end: (code) => {
        if (isOver) return;
        isOver = true;
        const status = statusOf(call, code);
        const seconds = (performance.now() - beganMs) / 1_000;
        this.#telemetry.measure(METRIC_RPC_SERVER_CALL_DURATION, seconds, { ...labels, ...status });
        shown?.end(status);
      },
    };
  }

  #show(call: IncomingCall, attributes: Readonly<Record<string, string>>): Shown | undefined {
    if (this.#tracer === undefined) return undefined;
    const from = propagation.extract(ROOT_CONTEXT, call, headers);
    const span = this.#tracer.startSpan(call.method, { kind: SpanKind.SERVER, attributes }, from);
    const within = trace.setSpan(from, span);
    return {
      traceparent: traceparentOf(span.spanContext()),
      run: (work) => context.with(within, work),
      end: (status) => {
        span.setAttributes(status);
        const error = status[ATTR_ERROR_TYPE];
        if (error !== undefined) failSpan(span, error);
        span.end();
      },
    };
  }
}

interface Shown extends Pick<ObservedCall, "traceparent" | "run"> {
  end(status: Readonly<Record<string, string>>): void;
}

/** How a call ended, in the names of its system: gRPC shouts, Connect does not and says nothing of success. */
function statusOf(
  { system }: IncomingCall,
  code: number | undefined,
): Readonly<Record<string, string>> {
  const name = statusNames[code ?? 0] ?? "UNKNOWN";
  const isGrpc = system === "grpc";
  if (!isGrpc && name === "OK") return {};
  const shown = isGrpc ? name : name.toLowerCase().replace("cancelled", "canceled");
  return {
    [ATTR_RPC_STATUS_CODE]: shown,
    ...(serverErrors.has(name) ? { [ATTR_ERROR_TYPE]: shown } : {}),
  };
}
