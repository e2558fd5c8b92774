import type { Violation } from "@persys/core";
import { unknownInService } from "./compose-rules.ts";
import { boundFolder, mountedPaths, noFolder } from "./mounted-paths.ts";
import { publishedCount } from "./project-demands.ts";
import {
  itemsOf,
  type Members,
  membersOf,
  type ResolvedProject,
  type ResolvedService,
  textOf,
} from "./resolved-project.ts";

type Found = readonly Violation[];

/** Ports that a project may publish: as many as an address has. Each of them is judged. */
const publishedMax = 65_536;
/** Kinds of logs that the engine of Docker can be asked for. */
const readableLogs: ReadonlySet<string> = new Set(["", "json-file", "local", "none"]);
const ownNetworkDrivers: ReadonlySet<string> = new Set(["", "bridge", "default"]);
/** What each of these may say besides nothing. Whether a namespace of the host is given, the policy of the node says. */
const spaces: ReadonlyMap<string, readonly string[]> = new Map([
  ["network_mode", ["none", "bridge", "host"]],
  ["pid", ["host"]],
  ["ipc", ["none", "private", "shareable", "host"]],
  ["uts", ["host"]],
  ["cgroup", ["private", "host"]],
  ["userns_mode", ["host"]],
]);
/** Those of {@link spaces} that can be another service's. */
const shareable: ReadonlySet<string> = new Set(["network_mode", "pid", "ipc"]);
/** Options of the bridge driver that reach nothing beyond the network itself. */
const networkOptions: ReadonlySet<string> = new Set([
  "com.docker.network.bridge.enable_icc",
  "com.docker.network.bridge.enable_ip_masquerade",
  "com.docker.network.driver.mtu",
]);
/** Options for security that confine further. */
const confining: readonly string[] = [
  "no-new-privileges",
  "no-new-privileges:true",
  "no-new-privileges=true",
];

/**
 * What a project asks for that no policy of the node can give, after interpolation. Paths begin at the spec's root, and name service and field.
 */
export function refusedAsks(project: ResolvedProject): Found {
  const names = new Set(project.services.map(({ name }) => name));
  return [
    ...tooManyPorts(project.services),
    ...project.services.flatMap((it) => [...refusedOfService(it), ...foreignSpaces(it, names)]),
    ...Object.entries(project.volumes).flatMap(([name, it]) => refusedVolume(name, membersOf(it))),
    ...Object.entries(project.networks).flatMap(([name, it]) =>
      refusedNetwork(name, membersOf(it)),
    ),
    ...mountedPaths(project)
      .filter((it) => it.hostPath === noFolder || it.hostPath.startsWith(`${noFolder}/`))
      .map((it) => ({
        path: it.path,
        rule: "must begin with `/`: a compose file of a workload lies in no folder of the node",
      })),
    ...refusedContents("secrets", project.secrets),
    ...refusedContents("configs", project.configs),
  ];
}

function tooManyPorts(services: readonly ResolvedService[]): Found {
  let count = 0;
  // What is no number makes none of the sum.
  const last = services.find((it) => !((count += publishedCount(it)) <= publishedMax));
  return last === undefined
    ? []
    : [
        {
          path: ["composeYaml", "services", last.name, "ports"],
          rule: `must publish ports by number, and at most ${publishedMax} together with the services before it`,
        },
      ];
}

function refusedOfService({ name, members }: ResolvedService): Found {
  const at = (field: string): readonly string[] => ["composeYaml", "services", name, field];
  const unconfined = itemsOf(members["security_opt"])
    .map(textOf)
    .filter((it) => !confining.includes(it));
  const log = membersOf(members["logging"]);
  return [
    ...unknownInService(saidOf(members), ["composeYaml", "services", name]),
    ...unconfined.map((it) => ({
      path: at("security_opt"),
      rule: `is refused but for no-new-privileges: it loosens what confines the container`,
      seen: it.slice(0, 80),
    })),
    ...(Object.values(membersOf(members["networks"])).some((it) =>
      isSaid(membersOf(it)["driver_opts"]),
    )
      ? [{ path: at("networks"), rule: "must not have driver_opts: they are not supported here" }]
      : []),
    ...(readableLogs.has(textOf(log["driver"]))
      ? []
      : [{ path: at("logging"), rule: "must have the driver json-file, local or none" }]),
    ...(itemsOf(members["device_cgroup_rules"]).length === 0
      ? []
      : [{ path: at("device_cgroup_rules"), rule: "is refused: list devices under devices" }]),
  ];
}

/** Namespaces that are neither a container's own, nor another service's of the project, nor the host's. */
function foreignSpaces({ name, members }: ResolvedService, services: ReadonlySet<string>): Found {
  return [...spaces].flatMap(([field, allowed]) => {
    const value = members[field];
    const mode = textOf(value);
    const service = /^service:(.+)$/s.exec(mode)?.[1];
    const isOwn = service !== undefined && shareable.has(field) && services.has(service);
    if (!isSaid(value) || mode === "" || allowed.includes(mode) || isOwn) return [];
    const more = shareable.has(field) ? ", or service:NAME of a service that runs with it" : "";
    return [
      {
        path: ["composeYaml", "services", name, field],
        rule: `must be left out or one of ${allowed.join(", ")}${more}: what else there is belongs to others`,
      },
    ];
  });
}

/** The command puts out some fields that the file does not have, as null. */
function saidOf(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, it]) => it !== null));
}

function refusedVolume(name: string, volume: Members): Found {
  const at = (field: string): readonly string[] => ["composeYaml", "volumes", name, field];
  if (isExternal(volume))
    return [
      {
        path: at("external"),
        rule: "is refused: volumes of others are not a workload's; declare one of its own",
      },
    ];
  const driver = textOf(volume["driver"]);
  if (driver !== "" && driver !== "local")
    return [{ path: at("driver"), rule: "is refused: only local volumes are supported here" }];
  const options = membersOf(volume["driver_opts"]);
  const isTmpfs = textOf(options["type"]) === "tmpfs";
  const isPlain = Object.keys(options).length === 0;
  return isPlain || isTmpfs || boundFolder(volume) !== undefined
    ? []
    : [
        {
          path: at("driver_opts"),
          rule: "is refused: only tmpfs and folders of the node can be mounted",
        },
      ];
}

function refusedNetwork(name: string, network: Members): Found {
  const at = (field: string): readonly string[] => ["composeYaml", "networks", name, field];
  if (isExternal(network))
    return [
      {
        path: at("external"),
        rule: "is refused: networks of others are not a workload's; declare one of its own",
      },
    ];
  const { driver, driver_opts: options, ipam } = network;
  return [
    ...(ownNetworkDrivers.has(textOf(driver))
      ? []
      : [{ path: at("driver"), rule: "is refused: only bridge networks are supported here" }]),
    ...(Object.keys(membersOf(options)).every((it) => networkOptions.has(it))
      ? []
      : [
          {
            path: at("driver_opts"),
            rule: `is refused but for ${[...networkOptions].join(", ")}: others reach beyond the network`,
          },
        ]),
    ...(isUsualIpam(ipam)
      ? []
      : [
          {
            path: at("ipam"),
            rule: "is refused: addresses are given by the engine of the node, whose routes they could take; leave it out",
          },
        ]),
  ];
}

/** Whether the engine gives out addresses as it does where nothing is said. */
function isUsualIpam(ipam: unknown): boolean {
  if (!isSaid(ipam)) return true;
  if (typeof ipam !== "object" || Array.isArray(ipam)) return false;
  const { driver, ...rest } = membersOf(ipam);
  return (
    (!isSaid(driver) || driver === "" || driver === "default") && Object.values(rest).every(isEmpty)
  );
}

function isEmpty(value: unknown): boolean {
  return !isSaid(value) || (typeof value === "object" && Object.keys(value ?? {}).length === 0);
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function refusedContents(kind: string, contents: Members): Found {
  return Object.entries(contents).flatMap(([name, it]) =>
    ["file", "external"]
      .filter((field) => Object.hasOwn(membersOf(it), field) && membersOf(it)[field] !== false)
      .map((field) => ({
        path: ["composeYaml", kind, name, field],
        rule: "is refused: only content and environment are supported here",
      })),
  );
}

/** Older files have an object there. */
function isExternal(it: Members): boolean {
  const { external } = it;
  return external !== undefined && external !== false && external !== null;
}
