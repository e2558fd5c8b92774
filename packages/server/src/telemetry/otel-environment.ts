import { noOtlpEndpoint } from "../config/otlp-endpoint.ts";

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the agent says of itself in all that it sends. */
export interface AgentResource {
  readonly nodeId: string;
  readonly version: string;
}

const everything = "OTEL_EXPORTER_OTLP_ENDPOINT";
const signals = ["TRACES", "METRICS"] as const;
const serviceName = "persys-agent";

/** What callers have sampled, and a tenth of what begins here: all of it would cost a tenth of the agent's processor time. */
const sampler = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" };

/** Not among them: the arguments of the process, which may hold what nobody should read. */
const detectors = "env,host,os,serviceinstance";

/**
 * The variables of OpenTelemetry to set besides those that are set, for the SDK to do as this agent should; undefined: nothing is sent
 * anywhere. What the environment says stays.
 */
export function otelEnvironment(
  endpoint: string,
  { nodeId, version }: AgentResource,
  env: Environment,
): Readonly<Record<string, string>> | undefined {
  if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return undefined;
  const isOn = (signal: (typeof signals)[number]): boolean =>
    endpoint !== noOtlpEndpoint || isSet(env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]);
  if (!signals.some(isOn)) return undefined;
  const off = signals.filter((signal) => !isOn(signal) && !isSet(env[`OTEL_${signal}_EXPORTER`]));
  return {
    ...(endpoint === noOtlpEndpoint ? {} : { [everything]: endpoint }),
    ...Object.fromEntries(off.map((signal) => [`OTEL_${signal}_EXPORTER`, "none"])),
    ...(isSet(env["OTEL_NODE_RESOURCE_DETECTORS"])
      ? {}
      : { OTEL_NODE_RESOURCE_DETECTORS: detectors }),
    ...(isSet(env["OTEL_TRACES_SAMPLER"]) ? {} : sampler),
    OTEL_RESOURCE_ATTRIBUTES: withDefaults(env["OTEL_RESOURCE_ATTRIBUTES"] ?? "", {
      ...(isSet(env["OTEL_SERVICE_NAME"]) ? {} : { "service.name": serviceName }),
      "service.version": version,
      "persys.node.id": nodeId,
    }),
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== "";
}

/** Attributes as the variable has them, with those of `defaults` that it does not name. */
function withDefaults(given: string, defaults: Readonly<Record<string, string>>): string {
  const pairs = given.split(",").filter((it) => it.trim() !== "");
  const named = new Set(pairs.map((it) => it.slice(0, it.indexOf("=")).trim()));
  const missing = Object.entries(defaults).filter(([name]) => !named.has(name));
  return [...pairs, ...missing.map(([name, value]) => `${name}=${encodeURIComponent(value)}`)].join(
    ",",
  );
}
