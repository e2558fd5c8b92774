import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLogger } from "@persys/core";
import { openOtlpPipe } from "../../src/telemetry/otlp-pipe.ts";

let receiver: Server;
let received: (string | undefined)[];

beforeEach(async () => {
  received = [];
  receiver = createServer((request, response) => {
    received.push(request.url);
    request.resume().on("end", () => response.end());
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${port}`);
});

afterEach(() => {
  receiver.close();
  vi.unstubAllEnvs();
});

describe("a pipe to a receiver", () => {
  it("is no trouble where traces are switched off, and sends the metrics", async () => {
    vi.stubEnv("OTEL_TRACES_EXPORTER", "none");
    const warn = vi.fn();
    const reader = new PrometheusExporter({ preventServerStart: true });
    const pipe = (await openOtlpPipe(process.env, { ...silentLogger, warn }))(reader);
    pipe.meters.getMeter("test").createCounter("things").add(2);

    const { resourceMetrics } = await reader.collect();
    await pipe.close();

    const [things] = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    expect(things?.dataPoints.map((point) => point.value)).toEqual([2]);
    expect(received).toEqual(["/v1/metrics"]);
    expect(warn).not.toHaveBeenCalled();
  });
});
