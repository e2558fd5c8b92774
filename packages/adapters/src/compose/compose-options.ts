import {
  type HostPolicySource,
  type Logger,
  type SecretSealer,
  type SecretSource,
  silentLogger,
} from "@persys/core";
import type { GitLimits } from "./git-command.ts";
import { usualGitLimits } from "./git-files.ts";
import { defaultDockerEndpoint, type DockerEndpoint } from "../docker/docker-endpoint.ts";

/** What a compose runtime is made with. */
export interface ComposeRuntimeOptions {
  /** A folder for the projects, private to this agent. Made when it is needed. */
  readonly folder: string;
  /** The words of the compose command, such as `docker compose`. Default: that, else `docker-compose`. */
  readonly binary?: readonly string[];
  /** `unix:///path` or `tcp://host:port` of the engine of Docker. Default: its usual socket. */
  readonly endpoint?: string;
  /** A folder with `ca.pem`, `cert.pem` and `key.pem` for an endpoint over TLS. */
  readonly certificates?: string;
  /** Only what is labelled with it is seen. */
  readonly nodeId: string;
  /** A Docker `config.json` with credentials for registries, read at every pull. Default: none. */
  readonly dockerConfigFile?: string;
  /** Paths of this host, besides the usual ones, that `demands` recognises under other names. Default: none. */
  readonly protectedPaths?: readonly string[];
  /** A pull that makes no progress for so long is called off, in milliseconds. Default 120,000. */
  readonly pullIdleTimeoutMs?: number;
  /** Finds what references among variables, and to passwords, stand for. Default: none can be had. */
  readonly secretSource?: SecretSource | undefined;
  /** Keeps compose files and their variables unreadable in the folder. Default: they are readable, for the account of the agent. */
  readonly secretSealer?: SecretSealer | undefined;
  /** Says which repositories files may be fetched from, before any is. Default: from all, and the engine judges it afterwards. */
  readonly hostPolicy?: HostPolicySource | undefined;
  /** Bounds of fetching from a repository: in all 60,000 milliseconds, 67,108,864 bytes, 100,000 commits, folders and files. */
  readonly gitLimits?: Partial<GitLimits>;
  readonly logger?: Logger;
}

/** {@link ComposeRuntimeOptions} with defaults. */
export interface ResolvedComposeOptions {
  readonly folder: string;
  readonly binary: readonly string[] | undefined;
  readonly endpoint: DockerEndpoint;
  readonly nodeId: string;
  readonly dockerConfigFile: string | undefined;
  readonly registryAuthFolder: undefined;
  readonly protectedPaths: readonly string[];
  readonly pullIdleTimeoutMs: number;
  readonly secretSource: SecretSource | undefined;
  readonly secretSealer: SecretSealer | undefined;
  readonly hostPolicy: HostPolicySource | undefined;
  readonly gitLimits: GitLimits;
  readonly logger: Logger;
}

/** Fills in the defaults. @throws {RangeError} for a time-out below one second. */
export function resolveComposeOptions(options: ComposeRuntimeOptions): ResolvedComposeOptions {
  const { certificates, pullIdleTimeoutMs = 120_000 } = options;
  if (!(pullIdleTimeoutMs >= 1_000))
    throw new RangeError("pullIdleTimeoutMs must be at least 1000 milliseconds");
  return {
    folder: options.folder,
    binary: options.binary,
    endpoint: {
      url: options.endpoint ?? defaultDockerEndpoint,
      ...(certificates === undefined ? {} : { certificates }),
    },
    nodeId: options.nodeId,
    dockerConfigFile: options.dockerConfigFile,
    registryAuthFolder: undefined,
    protectedPaths: [...(options.protectedPaths ?? []), options.folder],
    pullIdleTimeoutMs,
    secretSource: options.secretSource,
    secretSealer: options.secretSealer,
    hostPolicy: options.hostPolicy,
    gitLimits: { ...usualGitLimits, ...options.gitLimits },
    logger: options.logger ?? silentLogger,
  };
}
