import {
  type ContainerSpec,
  type Demands,
  type HostPathDemand,
  normalisedPath,
  type PortDemand,
} from "@persys/core";
import { hostPathResolver } from "../shared/host-path.ts";
import { type DockerEndpoint, isLocalEndpoint, socketOf } from "./docker-endpoint.ts";
import { referenceOf } from "./image-reference.ts";

/** Where it is looked. */
export interface DemandsContext {
  readonly endpoint: DockerEndpoint;
  /** Paths that have to be recognised under other names. */
  readonly protectedPaths: readonly string[];
}

/** What a container asks of the host. No engine is asked. */
export async function demandsOf(spec: ContainerSpec, context: DemandsContext): Promise<Demands> {
  const { resources, user = "", privileged = false, network, image } = spec;
  const { registry, repository, digest } = referenceOf(image);
  const isPinned = digest !== undefined;
  return {
    cpuMillicores: resources?.cpuMillicores ?? 0,
    memoryBytes: resources?.memoryBytes ?? 0,
    hostPaths: await hostPathsOf(spec, context),
    user,
    privileged: privileged ? [{ field: "privileged" }] : [],
    hostNamespaces: network === "host" ? [{ namespace: "network", field: "network" }] : [],
    ports: portsOf(spec),
    images: [{ reference: image, registry, repository, isPinned, field: "image" }],
  };
}

function hostPathsOf(
  { volumes = [] }: ContainerSpec,
  { endpoint, protectedPaths }: DemandsContext,
): Promise<readonly HostPathDemand[]> {
  const resolve = hostPathResolver([...protectedPaths, ...socketOf(endpoint)]);
  return Promise.all(
    volumes.map(async ({ hostPath, readOnly = false }, at): Promise<HostPathDemand> => {
      const stated = { field: `volumes[${at}].hostPath`, readOnly, written: hostPath };
      // The engine takes the path by its letters first (moby, volume/mounts/linux_parser.go), then the kernel follows the links.
      const cleaned = normalisedPath(hostPath);
      if (!isLocalEndpoint(endpoint)) return { ...stated, path: cleaned, elsewhere: true };
      return { ...stated, ...(await resolve(cleaned)) };
    }),
  );
}

function portsOf({ ports = [] }: ContainerSpec): readonly PortDemand[] {
  return ports.map(({ hostIp = "", hostPort = 0, protocol }, at) => ({
    hostIp,
    hostPort,
    protocol: protocol || "tcp",
    field: `ports[${at}]`,
  }));
}
