import { describe, expect, it } from "vitest";
import { otelEnvironment } from "../../src/telemetry/otel-environment.ts";

const agent = { nodeId: "node-1", version: "0.1.0" };
const endpoint = "http://collector:4318";

describe("the variables of OpenTelemetry", () => {
  it("are not touched where nothing is to be sent", () => {
    expect(otelEnvironment("none", agent, {})).toBeUndefined();
    expect(otelEnvironment(endpoint, agent, { OTEL_SDK_DISABLED: "TRUE" })).toBeUndefined();
  });

  it("say where to send to, and who sends", () => {
    expect(otelEnvironment(endpoint, agent, {})).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_NODE_RESOURCE_DETECTORS: "env,host,os,serviceinstance",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.1",
      OTEL_RESOURCE_ATTRIBUTES:
        "service.name=persys-agent,service.version=0.1.0,persys.node.id=node-1",
    });
  });

  it("keep what the environment says", () => {
    const env = {
      OTEL_SERVICE_NAME: "mine",
      OTEL_RESOURCE_ATTRIBUTES: "service.version=7,team=a%2Cb",
      OTEL_NODE_RESOURCE_DETECTORS: "all",
      OTEL_TRACES_SAMPLER: "always_on",
    };

    expect(otelEnvironment(endpoint, agent, env)).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_RESOURCE_ATTRIBUTES: "service.version=7,team=a%2Cb,persys.node.id=node-1",
    });
  });

  it("switch off the signal that has no receiver", () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces/v1/traces" };

    const set = otelEnvironment("none", agent, env);

    expect(set).toMatchObject({ OTEL_METRICS_EXPORTER: "none" });
    expect(set).not.toHaveProperty("OTEL_TRACES_EXPORTER");
    expect(set).not.toHaveProperty("OTEL_EXPORTER_OTLP_ENDPOINT");
    const console = { ...env, OTEL_METRICS_EXPORTER: "otlp" };
    expect(otelEnvironment("none", agent, console)).not.toHaveProperty("OTEL_METRICS_EXPORTER");
  });
});
