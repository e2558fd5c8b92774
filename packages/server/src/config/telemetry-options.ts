import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { otlpEndpoint } from "./otlp-endpoint.ts";

/** The rows of the table about where telemetry goes. */
export const telemetryOptions: { readonly otlpEndpoint: ConfigOption<Config["otlpEndpoint"]> } = {
  otlpEndpoint: {
    section: "Telemetry",
    key: "otlp_endpoint",
    env: ["PERSYS_OTLP_ENDPOINT"],
    foreignEnv: { name: "OTEL_EXPORTER_OTLP_ENDPOINT" },
    type: otlpEndpoint,
    standard: "none",
    doc: "Where traces and metrics are sent to by OTLP, such as `http://collector:4318`. `none`: nowhere; `/metrics` is served all the same. The other variables of OpenTelemetry (`OTEL_…`) work as well: [telemetry.md](telemetry.md).",
  },
};
