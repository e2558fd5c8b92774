import { type Logger, type SecretSource, silentLogger } from "@persys/core";
import { defaultDockerEndpoint, type DockerEndpoint } from "./docker-endpoint.ts";

/** What a Docker runtime is made with. */
export interface DockerRuntimeOptions {
  /** `unix:///path` or `tcp://host:port`. Default: the engine's usual socket. */
  readonly endpoint?: string;
  /** A folder with `ca.pem`, `cert.pem` and `key.pem` for an endpoint over TLS. */
  readonly certificates?: string;
  /** Only containers labelled with it are seen. */
  readonly nodeId: string;
  /** A Docker `config.json` with credentials for registries, read at every pull. Default: none. */
  readonly dockerConfigFile?: string;
  /** A folder of further files of that form, which specs name by `registryAuth`. Default: none, so that no spec may. */
  readonly registryAuthFolder?: string;
  /**
   * Paths of this host, besides the usual ones, that `demands` recognises under other names, such as a bind mount of them. Default: none.
   */
  readonly protectedPaths?: readonly string[];
  /** Finds what values of an environment refer to. Default: none, so that no container may refer to anything. */
  readonly secretSource?: SecretSource;
  /** A pull that makes no progress for so long is called off, in milliseconds. Default 120,000, as Nomad has it. */
  readonly pullIdleTimeoutMs?: number;
  readonly logger?: Logger;
}

/** {@link DockerRuntimeOptions} with defaults. */
export interface ResolvedDockerOptions {
  readonly endpoint: DockerEndpoint;
  readonly nodeId: string;
  readonly dockerConfigFile: string | undefined;
  readonly registryAuthFolder: string | undefined;
  readonly protectedPaths: readonly string[];
  readonly secretSource: SecretSource | undefined;
  readonly pullIdleTimeoutMs: number;
  readonly logger: Logger;
}

/** Fills in the defaults. @throws {RangeError} for a time-out below one second. */
export function resolveDockerOptions(options: DockerRuntimeOptions): ResolvedDockerOptions {
  const { certificates, pullIdleTimeoutMs = 120_000 } = options;
  if (!(pullIdleTimeoutMs >= 1_000))
    throw new RangeError("pullIdleTimeoutMs must be at least 1000 milliseconds");
  return {
    endpoint: {
      url: options.endpoint ?? defaultDockerEndpoint,
      ...(certificates === undefined ? {} : { certificates }),
    },
    nodeId: options.nodeId,
    dockerConfigFile: options.dockerConfigFile,
    registryAuthFolder: options.registryAuthFolder,
    protectedPaths: options.protectedPaths ?? [],
    secretSource: options.secretSource,
    pullIdleTimeoutMs,
    logger: options.logger ?? silentLogger,
  };
}
