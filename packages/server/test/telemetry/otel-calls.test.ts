import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { TelemetryLabels } from "@persys/core";
import { OtelCalls } from "../../src/telemetry/otel-calls.ts";

function counting(): { calls: OtelCalls; labels: TelemetryLabels[] } {
  const labels: TelemetryLabels[] = [];
  const measure = (_: string, __: number, more: TelemetryLabels = {}): void =>
    void labels.push(more);
  return { calls: new OtelCalls({ measure, tracer: undefined }), labels };
}

const method = "persys.agent.v1.AgentService/GetWorkload";
const header = (): undefined => undefined;

describe("OtelCalls", () => {
  it.each([
    ["grpc", undefined, { "rpc.status_code": "OK" }],
    ["grpc", Code.Canceled, { "rpc.status_code": "CANCELLED" }],
    ["grpc", Code.NotFound, { "rpc.status_code": "NOT_FOUND" }],
    ["grpc", Code.Unavailable, { "rpc.status_code": "UNAVAILABLE", "error.type": "UNAVAILABLE" }],
    ["connectrpc", undefined, {}],
    ["connectrpc", Code.Canceled, { "rpc.status_code": "canceled" }],
    ["connectrpc", Code.ResourceExhausted, { "rpc.status_code": "resource_exhausted" }],
    ["connectrpc", Code.Internal, { "rpc.status_code": "internal", "error.type": "internal" }],
  ] as const)("names the end of a call over %s with code %s", (system, code, expected) => {
    const { calls, labels } = counting();

    const call = calls.begin({ system, method, header });
    call.end(code);
    call.end(undefined);

    expect(labels).toEqual([{ "rpc.system.name": system, "rpc.method": method, ...expected }]);
    expect(call.traceparent).toBeUndefined();
    expect(call.run(() => 7)).toBe(7);
  });
});
