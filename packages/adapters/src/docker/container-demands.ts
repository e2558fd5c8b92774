import {
  type ContainerSpec,
  type Demands,
  type HostPathDemand,
  isWithin,
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
  /** Asks the engine where its data are. */
  readonly dataFolder: () => Promise<string>;
}

/** Where engines have their data when nobody says otherwise; policies know it by this name. */
const usualDataFolder = "/var/lib/docker";

/** What a container asks of the host. The engine is asked only where host paths are mounted. @throws what `dataFolder` throws. */
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
  context: DemandsContext,
): Promise<readonly HostPathDemand[]> {
  const mounts = volumes.map(({ hostPath, readOnly = false }, at) => ({
    hostPath,
    readOnly,
    field: `volumes[${at}].hostPath`,
  }));
  return hostPathDemands(mounts, context);
}

/** A path of the engine's host that a container is to have, and where a spec asks for it. */
export interface MountedPath {
  readonly hostPath: string;
  readonly readOnly: boolean;
  readonly field: string;
}

/** Where paths lead to. The engine is asked only where there are any. @throws what `dataFolder` throws. */
export async function hostPathDemands(
  mounts: readonly MountedPath[],
  { endpoint, protectedPaths, dataFolder }: DemandsContext,
): Promise<readonly HostPathDemand[]> {
  if (mounts.length === 0) return [];
  const data = normalisedPath(await dataFolder());
  const resolve = hostPathResolver([...protectedPaths, data, ...socketOf(endpoint)]);
  return Promise.all(
    mounts.map(async ({ hostPath, readOnly, field }): Promise<HostPathDemand> => {
      const stated = { field, readOnly, written: hostPath };
      // The engine takes the path by its letters first (moby, volume/mounts/linux_parser.go), then the kernel follows the links.
      const cleaned = normalisedPath(hostPath);
      const local = isLocalEndpoint(endpoint);
      const found = local
        ? await resolve(cleaned)
        : { path: cleaned, elsewhere: true, aliases: [] };
      const known = [found.path, ...found.aliases].flatMap((it) => dataAlias(it, data) ?? []);
      return { ...stated, ...found, aliases: [...new Set([...found.aliases, ...known])] };
    }),
  );
}

/** The usual name of what is in the engine's data, or around it. */
function dataAlias(path: string, data: string): string | undefined {
  if (data === usualDataFolder) return undefined;
  if (isWithin(path, data)) return `${usualDataFolder}${path.slice(data.length)}`;
  return isWithin(data, path) ? usualDataFolder : undefined;
}

function portsOf({ ports = [] }: ContainerSpec): readonly PortDemand[] {
  return ports.map(({ hostIp = "", hostPort = 0, protocol }, at) => ({
    hostIp,
    hostPort,
    protocol: protocol || "tcp",
    field: `ports[${at}]`,
  }));
}
