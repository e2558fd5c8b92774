import type { Logger } from "@persys/core";
import { type AgentResource, otelEnvironment } from "./otel-environment.ts";
import { OtelTelemetry } from "./otel-telemetry.ts";

/** What telemetry is opened with. */
export interface TelemetrySettings extends AgentResource {
  readonly otlpEndpoint: string;
}

/**
 * The agent's telemetry. It sends only where an endpoint is set, and only then is the SDK loaded, which takes a quarter of a second. The SDK
 * takes most of its settings from the environment alone, so that what is missing there is set in it.
 */
export async function openTelemetry(
  { otlpEndpoint, ...resource }: TelemetrySettings,
  env: NodeJS.ProcessEnv,
  logger: Logger,
): Promise<OtelTelemetry> {
  const variables = otelEnvironment(otlpEndpoint, resource, env);
  if (variables === undefined) return new OtelTelemetry(logger);
  Object.assign(env, variables);
  const { openOtlpPipe } = await import("./otlp-pipe.ts");
  return new OtelTelemetry(logger, await openOtlpPipe(env, logger));
}
