import type { AllowedHostPath, HostNamespace, PortRange } from "@persys/core";
import type { Labels } from "./labels.ts";

/** Least important message that is logged. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How log lines look. `auto`: for people on a terminal, JSON elsewhere. */
export type LogFormat = "auto" | "json" | "pretty";

/** All settings of an agent, checked. Each member has its row in the configuration table, which says what it means. */
export interface Config {
  readonly httpAddress: string;
  readonly httpPort: number;
  readonly httpAllowCleartext: boolean;
  readonly grpcEnabled: boolean;
  readonly grpcAddress: string;
  readonly grpcPort: number;
  readonly tokenFile: string;
  readonly tlsEnabled: boolean;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsCa: string;
  readonly tlsCrl: string;
  readonly grpcClientCertificates: "required" | "asked";
  readonly adminIdentities: readonly string[];
  readonly accessFile: string;
  readonly callsPerSecond: number;
  readonly callsBurst: number;
  readonly callsAtOnce: number;
  readonly streamsAtOnce: number;
  readonly refusedCallsPerSecond: number;
  readonly httpAllowedOrigins: readonly string[];
  readonly httpHosts: readonly string[];
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly connectionsUnknownMax: number;
  readonly streamsMax: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly connectionIdleTimeoutMs: number;
  readonly connectionAgeMaxMs: number;
  readonly connectionAgeGraceMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly clientPingIntervalMinMs: number;
  readonly metricsAddress: string;
  readonly metricsPort: number;
  /** An origin and a path, or `none`. */
  readonly otlpEndpoint: string;
  readonly statePath: string;
  readonly stateUrl: string;
  readonly secretKeysFile: string;
  readonly actionsMax: number;
  readonly actionsMaxAgeMs: number;
  readonly nodeId: string;
  readonly nodeLabels: Labels;
  readonly nodeRegion: string;
  readonly nodeEnv: string;
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly reconcileEnabled: boolean;
  readonly eventsEnabled: boolean;
  readonly usageIntervalMs: number;
  readonly reconcileIntervalMs: number;
  readonly settleTimeMs: number;
  readonly restoreAfterAttempts: number;
  readonly updatePolicy: "restore" | "keep-trying";
  readonly revisionConflict: "reject" | "ignore";
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly prepareTimeoutMs: number;
  readonly stepTimeoutMs: number;
  readonly workloadsMax: number;
  readonly processEnabled: boolean;
  readonly processRoot: string;
  readonly dockerEnabled: boolean;
  readonly dockerEndpoint: string;
  readonly dockerCertificates: string;
  readonly dockerConfigFile: string;
  readonly registryAuthFolder: string;
  readonly pullIdleTimeoutMs: number;
  readonly composeEnabled: boolean;
  /** Empty: whichever is there. */
  readonly composeBinary: readonly string[];
  readonly composeRoot: string;
  readonly allowedHostPaths: readonly AllowedHostPath[];
  readonly allowRemoteHostPaths: boolean;
  readonly allowPrivileged: boolean;
  readonly allowedCapabilities: readonly string[];
  readonly allowedHostNamespaces: readonly HostNamespace[];
  readonly allowedDevices: readonly string[];
  readonly allowedRawDisks: readonly string[];
  readonly publishedAddresses: readonly string[] | "any";
  readonly publishedPorts: readonly PortRange[];
  readonly processUsers: readonly string[];
  readonly imageRegistries: readonly string[] | "any";
  readonly requireImageDigest: boolean;
  readonly allowedSecretFiles: readonly string[];
  readonly allowedSecretVariables: readonly string[];
  readonly stopTimeoutMs: number;
  readonly devDir: string;
}
