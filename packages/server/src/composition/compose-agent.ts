import type { Engine, Logger } from "@persys/core";
import type { Container, ContainerModule } from "inversify";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../config/network-address.ts";
import { placeOfState } from "../config/state-url.ts";
import { StatusServer, type StatusServerOptions } from "../http-status/status-server.ts";
import { PhaseHolder } from "../lifecycle/agent-phase.ts";
import {
  endpointsPart,
  enginePart,
  nodeLockPart,
  phasePart,
  statusPart,
  transportPart,
} from "../lifecycle/agent-parts.ts";
import { Lifecycle, type LifecyclePart } from "../lifecycle/lifecycle.ts";
import type { AgentAccess } from "../security/access/agent-access.ts";
import { observeAgent } from "../telemetry/observe-agent.ts";
import { openTelemetry } from "../telemetry/open-telemetry.ts";
import { OtelCalls } from "../telemetry/otel-calls.ts";
import type { OtelTelemetry } from "../telemetry/otel-telemetry.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { buildContainer } from "./build-container.ts";
import { diskMountPoint } from "./disk-mount-point.ts";
import { type Guard, tokens } from "./tokens.ts";

/** Where the agent can be reached, once it serves. */
export interface Places {
  /** Origin. */
  readonly http: string;
  /** Address and port; empty where it serves none. */
  readonly grpc: string;
  /** Origin. */
  readonly metrics: string;
}

/** A whole agent that does not run yet. */
export interface ComposedAgent {
  readonly engine: Engine;
  readonly lifecycle: Lifecycle;
  /** Empty texts until the parts are started. */
  places(): Places;
  /** Lets go of what belongs to no part. After the life cycle has stopped. */
  release(): Promise<void>;
}

/**
 * Makes the agent. The order of its parts is that of their start; they stop in reverse:
 *
 *     node lock -> health and metrics -> background -> engine -> transports -> phase "serving" -> endpoints file
 *
 * So the state is only opened under the lock, health answers while the engine recovers, and no request comes in before it has.
 */
export async function composeAgent(
  settings: AgentSettings,
  modules: readonly ContainerModule[],
  logger: Logger,
): Promise<ComposedAgent> {
  const { config, nodeId } = settings;
  const { otlpEndpoint, version } = config;
  const telemetry = await openTelemetry({ otlpEndpoint, nodeId, version }, process.env, logger);
  const observer = new OtelCalls(telemetry);
  const container = await buildContainer({ settings, logger, telemetry, observer }, modules);
  const engine = await container.getAsync(tokens.engine);
  const access = await container.getAsync(tokens.access, { optional: true });
  const guard = await container.getAsync(tokens.guard, { optional: true });
  const phase = new PhaseHolder();
  const unobserve = observeAgent(telemetry, {
    nodeId,
    diskMountPoint,
    api: () => (phase.phase === "serving" ? engine.api : undefined),
    certificateLeftMs: () => access?.certificateLeftMs(),
  });
  const status = new StatusServer({
    address: config.metricsAddress,
    port: config.metricsPort,
    source: { phase: () => phase.phase, health: () => engine.api.health() },
    metrics: () => telemetry.prometheusText(),
    ...statusGuard(config, access, guard),
    logger,
  });
  const found = { http: "", grpc: "", metrics: "" };
  const transports = await container.getAllAsync(tokens.transport, { optional: true });
  const background = await container.getAllAsync(tokens.background, { optional: true });
  const parts: readonly LifecyclePart[] = [
    nodeLockPart({ pid: process.pid, nodeId, state: placeOfState(config) }),
    statusPart(status, config, (origin) => {
      found.metrics = origin;
    }),
    ...background,
    enginePart(engine, config),
    ...transports.map((transport) =>
      transportPart(transport, config, (origin) => {
        found[transport.name] = origin;
      }),
    ),
    phasePart(phase),
    ...(settings.dev ? [developmentPart(settings, found)] : []),
  ];
  return {
    engine,
    lifecycle: new Lifecycle(parts, logger),
    places: () => found,
    release: () => release(container, telemetry, unobserve),
  };
}

/** How health and metrics are served to other machines; empty where they are served to this one alone. */
function statusGuard(
  { metricsAddress }: Config,
  access: AgentAccess | undefined,
  guard: Guard | undefined,
): Pick<StatusServerOptions, "guard"> {
  if (isLoopback(metricsAddress) || access?.tls === undefined) return {};
  // Who is turned away here is noted and slowed down as at the API.
  const { authenticate } = guard ?? access;
  return { guard: { authenticate, tls: access.tls } };
}

function developmentPart({ config, nodeId }: AgentSettings, places: Places): LifecyclePart {
  return endpointsPart(config.devDir, () => ({
    ...places,
    pid: process.pid,
    nodeId,
    version: config.version,
  }));
}

async function release(
  container: Container,
  telemetry: OtelTelemetry,
  unobserve: () => void,
): Promise<void> {
  unobserve();
  await telemetry.close();
  await container.unbindAllAsync();
}
