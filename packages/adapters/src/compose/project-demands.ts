import type {
  CapabilityDemand,
  Demands,
  DeviceDemand,
  HostNamespace,
  HostNamespaceDemand,
  ImageDemand,
  PortDemand,
} from "@persys/core";
import { type DemandsContext, hostPathDemands } from "../docker/container-demands.ts";
import { referenceOf } from "../docker/image-reference.ts";
import { secretDemandsOf } from "../shared/secret-references.ts";
import type { ComposeSpec } from "./compose-spec.ts";
import { fetchedRepositoryOf, repositoryOf } from "./git-source.ts";
import { fieldOf, mountedPaths } from "./mounted-paths.ts";
import {
  itemsOf,
  membersOf,
  type ResolvedProject,
  type ResolvedService,
  textOf,
} from "./resolved-project.ts";

const namespaceFields: readonly (readonly [field: string, namespace: HostNamespace])[] = [
  ["network_mode", "network"],
  ["pid", "pid"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["userns_mode", "user"],
  ["cgroup", "cgroup"],
];

const bytesOfUnit: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/**
 * What it takes of the host to read a file at all: where it is fetched from, and the secrets that the spec refers to. One that is stored already
 * sends nothing to where it came from.
 */
export async function fetchDemands(
  { env, git }: ComposeSpec,
  protectedPaths: readonly string[],
  isStored = false,
): Promise<Demands & Required<Pick<Demands, "repositories">>> {
  const { secretFiles = [], secretVariables = [] } = await secretDemandsOf(env, protectedPaths);
  const password = git?.password ? { password: git.password } : {};
  const repository = isStored ? repositoryOf : fetchedRepositoryOf;
  const own = await secretDemandsOf(password, protectedPaths, "git");
  return {
    cpuMillicores: 0,
    memoryBytes: 0,
    hostPaths: [],
    user: "",
    repositories: git === undefined ? [] : [repository(git)],
    secretFiles: [...secretFiles, ...(own.secretFiles ?? [])],
    secretVariables: [...secretVariables, ...(own.secretVariables ?? [])],
  };
}

/** What all services of a project together ask of the host. Fields are places in the spec, and name the service. */
export async function projectDemands(
  project: ResolvedProject,
  context: DemandsContext,
): Promise<Demands> {
  const { services } = project;
  return {
    cpuMillicores: sum(services.map((it) => it.replicas * millicoresOf(it))),
    memoryBytes: sum(services.map((it) => it.replicas * memoryBytesOf(it))),
    hostPaths: await hostPathDemands(mountedPaths(project), context),
    user: "",
    privileged: services
      .filter((it) => it.members["privileged"] === true || it.members["privileged"] === "true")
      .map((it) => ({ field: fieldOf(it, "privileged") })),
    capabilities: services.flatMap(capabilitiesOf),
    hostNamespaces: services.flatMap(hostNamespacesOf),
    devices: services.flatMap(devicesOf),
    ports: services.flatMap(portsOf),
    images: services.map(imageOf),
  };
}

function capabilitiesOf(service: ResolvedService): readonly CapabilityDemand[] {
  const field = fieldOf(service, "cap_add");
  return itemsOf(service.members["cap_add"]).map((it) => ({ name: textOf(it), field }));
}

function hostNamespacesOf(service: ResolvedService): readonly HostNamespaceDemand[] {
  return namespaceFields
    .filter(([field]) => service.members[field] === "host")
    .map(([field, namespace]) => ({ namespace, field: fieldOf(service, field) }));
}

function devicesOf(service: ResolvedService): readonly DeviceDemand[] {
  const field = fieldOf(service, "devices");
  return itemsOf(service.members["devices"]).map((it) => ({
    path: typeof it === "string" ? (it.split(":")[0] ?? "") : textOf(membersOf(it)["source"]),
    field,
  }));
}

function imageOf(service: ResolvedService): ImageDemand {
  const { registry, repository, digest } = referenceOf(service.image);
  const isPinned = digest !== undefined;
  return {
    reference: service.image,
    registry,
    repository,
    isPinned,
    field: fieldOf(service, "image"),
  };
}

/** How many ports of the host a service publishes; a range has as many as it spans. */
export function publishedCount(service: ResolvedService): number {
  return sum(rangesOf(service).map(({ count }) => count));
}

function portsOf(service: ResolvedService): readonly PortDemand[] {
  const field = fieldOf(service, "ports");
  return rangesOf(service).flatMap(({ hostIp, protocol, first, count }) =>
    Array.from({ length: count }, (_, at) => ({ hostIp, hostPort: first + at, protocol, field })),
  );
}

interface PortRange {
  readonly hostIp: string;
  readonly protocol: string;
  readonly first: number;
  readonly count: number;
}

function rangesOf({ members }: ResolvedService): readonly PortRange[] {
  return itemsOf(members["ports"]).flatMap((it) =>
    typeof it === "object" ? longPort(membersOf(it)) : shortPort(textOf(it)),
  );
}

function longPort(port: Readonly<Record<string, unknown>>): PortRange {
  const protocol = textOf(port["protocol"]) || "tcp";
  return { hostIp: textOf(port["host_ip"]), protocol, ...rangeIn(textOf(port["published"])) };
}

/** `[ip:][published:]target[/protocol]`, where ports may be ranges and the address may be one of IPv6. */
function shortPort(port: string): PortRange {
  const [addresses = "", protocol = "tcp"] = port.split("/");
  const parts = /^(?:(\[[^\]]*\]|[^:]*):)?(?:([\d-]*):)?([\d-]+)$/.exec(addresses);
  const [, first = "", second] = parts ?? [];
  // Of two parts the first is a port; of three it is an address.
  const hasAddress = second !== undefined || /[.[]/.test(first);
  const hostIp = hasAddress ? first.replaceAll(/[[\]]/g, "") : "";
  const published = hasAddress ? (second ?? "") : first;
  return { hostIp, protocol, ...rangeIn(published) };
}

/** Of none published, the engine picks one: 0. */
function rangeIn(range: string): Pick<PortRange, "first" | "count"> {
  const [first = 0, last = first] = range.split("-").map(Number);
  return { first, count: Math.min(Math.max(last - first + 1, 1), 65_536) };
}

function limitsOf({ members }: ResolvedService): Readonly<Record<string, unknown>> {
  return membersOf(membersOf(membersOf(members["deploy"])["resources"])["limits"]);
}

function millicoresOf(service: ResolvedService): number {
  const cpus = Number(limitsOf(service)["cpus"] ?? service.members["cpus"] ?? 0);
  return Number.isFinite(cpus) ? Math.round(cpus * 1000) : 0;
}

function memoryBytesOf(service: ResolvedService): number {
  return bytesOf(textOf(limitsOf(service)["memory"] ?? service.members["mem_limit"]));
}

/** `64M`, `64mb`, `67108864`. */
function bytesOf(amount: string): number {
  const [, number = "0", unit = ""] = /^([\d.]+)\s*([bkmgt]?)b?$/i.exec(amount.trim()) ?? [];
  return Math.round(Number(number) * (bytesOfUnit[unit.toLowerCase()] ?? 1));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0);
}
