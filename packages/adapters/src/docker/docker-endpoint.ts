import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DockerOptions } from "dockerode";

/** Where an engine is, and what proves who asks, read from the folder that `docker` itself would use. */
export interface DockerEndpoint {
  /** `unix:///var/run/docker.sock`, `tcp://host:2375` or, with `certificates`, `tcp://host:2376`. */
  readonly url: string;
  /** A folder with `ca.pem`, `cert.pem` and `key.pem`; undefined: no TLS. */
  readonly certificates?: string;
}

/** The engine's usual socket. */
export const defaultDockerEndpoint = "unix:///var/run/docker.sock";

/** Whether the engine's files are this host's files: paths, ports and free space can be looked at here then. */
export function isLocalEndpoint({ url }: DockerEndpoint): boolean {
  return url.startsWith("unix://");
}

/** The engine's socket, where it is on this host. */
export function socketOf({ url }: DockerEndpoint): readonly string[] {
  return url.startsWith("unix://") ? [url.slice("unix://".length)] : [];
}

/** Why `url` is no endpoint, in words; undefined when it is one. */
export function endpointFault(url: string): string | undefined {
  if (/^unix:\/\/\/.+/.test(url)) return undefined;
  const parsed = URL.parse(url);
  if (parsed?.protocol === "tcp:" && parsed.hostname !== "") return undefined;
  return "must be unix:///path/of/a.sock or tcp://host:port";
}

/** Set to nothing, dockerode does not look for them in the environment. */
const unset: DockerOptions = {
  host: undefined,
  port: undefined,
  socketPath: undefined,
  username: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  timeout: undefined,
};

/**
 * The options of dockerode for an endpoint. Nothing is taken from the environment of the agent: every member it would look there for is set.
 * @throws {RangeError} for a URL of no known form. What reading the certificates throws.
 */
export function dockerOptionsOf(endpoint: DockerEndpoint): DockerOptions {
  const fault = endpointFault(endpoint.url);
  if (fault !== undefined) throw new RangeError(`the Docker endpoint ${fault}`);
  if (isLocalEndpoint(endpoint)) {
    const socketPath = endpoint.url.slice("unix://".length);
    return { ...unset, protocol: "http", socketPath };
  }
  const { hostname, port } = new URL(endpoint.url);
  const { certificates: folder } = endpoint;
  if (folder === undefined)
    return { ...unset, protocol: "http", host: hostname, port: port === "" ? 2375 : port };
  return {
    ...unset,
    protocol: "https",
    host: hostname,
    port: port === "" ? 2376 : port,
    ca: readFileSync(join(folder, "ca.pem")),
    cert: readFileSync(join(folder, "cert.pem")),
    key: readFileSync(join(folder, "key.pem")),
  };
}
