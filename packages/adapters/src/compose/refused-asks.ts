import type { Violation } from "@persys/core";
import { unknownInService } from "./compose-rules.ts";
import { boundFolder, mountedPaths, noFolder } from "./mounted-paths.ts";
import {
  itemsOf,
  type Members,
  membersOf,
  type ResolvedProject,
  type ResolvedService,
  textOf,
} from "./resolved-project.ts";

type Found = readonly Violation[];

/** Kinds of logs that the engine of Docker can be asked for. */
const readableLogs: ReadonlySet<string> = new Set(["", "json-file", "local", "none"]);
const ownNetworkDrivers: ReadonlySet<string> = new Set(["", "bridge", "default"]);
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
  return [
    ...project.services.flatMap(refusedOfService),
    ...Object.entries(project.volumes).flatMap(([name, it]) => refusedVolume(name, membersOf(it))),
    ...Object.entries(project.networks).flatMap(([name, it]) =>
      refusedNetwork(name, membersOf(it)),
    ),
    ...mountedPaths(project)
      .filter((it) => it.hostPath === noFolder || it.hostPath.startsWith(`${noFolder}/`))
      .map((it) => ({
        path: it.field.split("."),
        rule: "must begin with `/`: a compose file of a workload lies in no folder of the node",
      })),
    ...refusedContents("secrets", project.secrets),
    ...refusedContents("configs", project.configs),
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
    ...["network_mode", "pid", "ipc", "uts", "cgroup", "userns_mode"].flatMap((field) =>
      textOf(members[field]).startsWith("container:")
        ? [{ path: at(field), rule: "is refused: it enters a container of others" }]
        : [],
    ),
    ...(readableLogs.has(textOf(log["driver"]))
      ? []
      : [{ path: at("logging"), rule: "must have the driver json-file, local or none" }]),
    ...(itemsOf(members["device_cgroup_rules"]).length === 0
      ? []
      : [{ path: at("device_cgroup_rules"), rule: "is refused: list devices under devices" }]),
  ];
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
  return ownNetworkDrivers.has(textOf(network["driver"]))
    ? []
    : [{ path: at("driver"), rule: "is refused: only bridge networks are supported here" }];
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
