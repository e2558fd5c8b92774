import type {
  Clock,
  Engine,
  HostPolicySource,
  Logger,
  NodeResources,
  Random,
  SecretSealer,
  SecretSource,
  StateStore,
  Telemetry,
  WorkloadRuntime,
} from "@persys/core";
import type { AgentHandlers, Authenticate, CallObserver } from "@persys/transports";
import type { ServiceIdentifier } from "inversify";
import type { AgentSettings } from "./agent-settings.ts";
import type { LifecyclePart } from "../lifecycle/lifecycle.ts";
import type { AgentAccess } from "../security/access/agent-access.ts";
import type { ListenPlace } from "../start-failure.ts";

/** What the container hands out, one token for each part. A module binds; nothing else knows who made what. */
export const tokens: {
  readonly settings: ServiceIdentifier<AgentSettings>;
  readonly logger: ServiceIdentifier<Logger>;
  readonly telemetry: ServiceIdentifier<Telemetry>;
  /** Is told of every call of the API. */
  readonly observer: ServiceIdentifier<CallObserver>;
  readonly clock: ServiceIdentifier<Clock>;
  readonly random: ServiceIdentifier<Random>;
  readonly resources: ServiceIdentifier<NodeResources>;
  readonly store: ServiceIdentifier<StateStore>;
  /** Finds what references in specs stand for. */
  readonly secretSource: ServiceIdentifier<SecretSource>;
  /** Keeps secrets unreadable while they are stored. */
  readonly secretSealer: ServiceIdentifier<SecretSealer>;
  /** What workloads may ask of this host. */
  readonly hostPolicy: ServiceIdentifier<HostPolicySource>;
  /** Bound once for each runtime. */
  readonly runtime: ServiceIdentifier<WorkloadRuntime>;
  readonly engine: ServiceIdentifier<Engine>;
  /** Who may call, and with which certificates the API is served. */
  readonly access: ServiceIdentifier<AgentAccess>;
  readonly guard: ServiceIdentifier<Guard>;
  /** Bound once for each transport. */
  readonly transport: ServiceIdentifier<ServerTransport>;
  /** Bound once for each part that has to run before the engine does, such as what samples the node's load. */
  readonly background: ServiceIdentifier<LifecyclePart>;
} = {
  settings: Symbol("AgentSettings"),
  logger: Symbol("Logger"),
  telemetry: Symbol("Telemetry"),
  observer: Symbol("CallObserver"),
  clock: Symbol("Clock"),
  random: Symbol("Random"),
  resources: Symbol("NodeResources"),
  store: Symbol("StateStore"),
  secretSource: Symbol("SecretSource"),
  secretSealer: Symbol("SecretSealer"),
  hostPolicy: Symbol("HostPolicySource"),
  runtime: Symbol("WorkloadRuntime"),
  engine: Symbol("Engine"),
  access: Symbol("AgentAccess"),
  guard: Symbol("Guard"),
  transport: Symbol("ServerTransport"),
  background: Symbol("LifecyclePart"),
};

/** What stands between the transports and the agent. One for all transports: a caller has one share of the agent. */
export interface Guard {
  /** Who calls, with what is done about those who are not let in. */
  readonly authenticate: Authenticate;
  /** The methods of the contract. */
  readonly handlers: AgentHandlers;
  /** Is told of every call. */
  readonly observer: CallObserver;
}

/** Something that serves the API to others. */
export interface ServerTransport {
  /** For logs and the endpoints file. */
  readonly name: "grpc" | "http";
  /** Where it is to listen, for the advice when it cannot. */
  readonly place: ListenPlace;
  /** Listens. @returns the origin under which it can be reached. */
  start(signal: AbortSignal): Promise<string>;
  /** Takes no new calls, lets those under way end within `graceMs`, then cuts them. May be repeated, and before a start. */
  stop(graceMs: number): Promise<void>;
}
