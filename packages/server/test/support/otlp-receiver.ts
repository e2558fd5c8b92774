import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished } from "vitest";

/** What a receiver does with what it is sent: takes it, answers 503, or never answers. */
export type ReceiverMode = "takes" | "unavailable" | "hangs";

/** A span as it was received, with the resource it came from. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first one of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 2: of a server. */
  readonly kind: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2: failed. */
  readonly status: number;
  readonly resource: ReadonlyMap<string, string>;
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
}

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}

interface TracesJson {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[];
  }[];
}

interface MetricsJson {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly name: string; readonly unit: string }[];
    }[];
  }[];
}

/** A receiver of OTLP over HTTP, in JSON, on a free port of this machine. It ends with the test. */
export class OtlpReceiver {
  /** Everything that it was sent, as text. */
  readonly bodies: string[] = [];
  readonly spans: ReceivedSpan[] = [];
  /** Names of the metrics that it was sent, with their units. */
  readonly metrics: Map<string, string> = new Map();
  mode: ReceiverMode;
  /** How many requests have come. */
  requests = 0;
  readonly #server: Server;

  private constructor(mode: ReceiverMode) {
    this.mode = mode;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  static async start(mode: ReceiverMode = "takes"): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(mode);
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => receiver.close());
    return receiver;
  }

  /** The environment of an agent that sends its telemetry here, at once. */
  get env(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      PERSYS_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
      OTEL_BSP_SCHEDULE_DELAY: "20",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
    };
  }

  /** The spans of a trace with this name. */
  named(name: string, traceId?: string): readonly ReceivedSpan[] {
    return this.spans.filter(
      (span) => span.name === name && (traceId === undefined || span.traceId === traceId),
    );
  }

  /** Waits for a span. */
  async span(what: string, isIt: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> {
    let found: ReceivedSpan | undefined;
    await expect
      .poll(() => (found = this.spans.find(isIt)) !== undefined, {
        timeout: 20_000,
        interval: 20,
        message: what,
      })
      .toBe(true);
    if (found === undefined) throw new Error(what);
    return found;
  }

  /** Ends every connection and takes no more. */
  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.mode === "hangs") return;
    if (this.mode === "unavailable") {
      response.writeHead(503).end();
      return;
    }
    const bytes = Buffer.concat(chunks);
    const isZipped = request.headers["content-encoding"] === "gzip";
    this.#take(request.url ?? "", (isZipped ? gunzipSync(bytes) : bytes).toString());
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  }

  #take(path: string, body: string): void {
    this.bodies.push(body);
    if (path === "/v1/traces") this.spans.push(...spansOf(JSON.parse(body) as TracesJson));
    if (path === "/v1/metrics") this.#takeMetrics(JSON.parse(body) as MetricsJson);
  }

  #takeMetrics({ resourceMetrics }: MetricsJson): void {
    const all = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics);
    for (const { metrics } of all) {
      for (const { name, unit } of metrics) this.metrics.set(name, unit);
    }
  }
}

function spansOf({ resourceSpans }: TracesJson): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        name: span.name,
        kind: span.kind,
        attributes: mapOf(span.attributes ?? []),
        links: span.links ?? [],
        status: span.status?.code ?? 0,
        resource: mapOf(resource.attributes),
      })),
    ),
  );
}

function mapOf(attributes: readonly KeyValue[]): ReadonlyMap<string, string> {
  return new Map(
    attributes.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? "")]),
  );
}
