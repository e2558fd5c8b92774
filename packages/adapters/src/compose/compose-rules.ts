import type { Violation } from "@persys/core";
import { type ComposeDocument, isMap } from "./compose-document.ts";
import { misreadVariables } from "./file-variables.ts";

type Path = readonly string[];
type Keys = ReadonlySet<string>;

const bringOwn =
  "is refused: it makes the compose command read files of the node; put what is in them into this file";

/** What is known and refused, with the reason. All else that is not allowed is not supported. */
const refusals: ReadonlyMap<string, string> = new Map([
  ["include", bringOwn],
  ["extends", bringOwn],
  ["env_file", `${bringOwn}, or into the env of the workload`],
  ["label_file", bringOwn],
  ["credential_spec", bringOwn],
  ["build", "is refused: nodes build no images; name one that is in a registry"],
  ["provider", "is refused: it runs programs of the node"],
  ["develop", "is refused: it watches files of the node"],
  ["volumes_from", "is refused: name the volumes themselves"],
  ["external_links", "is refused: it reaches containers of others; share a network instead"],
  ["cgroup_parent", "is refused: it leaves the place that the node has for the workload"],
  ["runtime", "is refused: containers run as the engine of the node runs them"],
  ["gpus", "is refused: devices of the node are not shared this way; list them under devices"],
  ["use_api_socket", "is refused: whoever has the socket of the engine has the node"],
]);

const topKeys: Keys = new Set([
  "configs",
  "name",
  "networks",
  "secrets",
  "services",
  "version",
  "volumes",
]);

const serviceKeys: Keys = new Set([
  "annotations",
  "attach",
  "cap_add",
  "cap_drop",
  "cgroup",
  "command",
  "configs",
  "container_name",
  "cpu_count",
  "cpu_percent",
  "cpu_period",
  "cpu_quota",
  "cpu_shares",
  "cpus",
  "cpuset",
  "depends_on",
  "deploy",
  "devices",
  "dns",
  "dns_opt",
  "dns_search",
  "domainname",
  "entrypoint",
  "environment",
  "expose",
  "extra_hosts",
  "group_add",
  "healthcheck",
  "hostname",
  "image",
  "init",
  "ipc",
  "labels",
  "links",
  "logging",
  "mac_address",
  "mem_limit",
  "mem_reservation",
  "mem_swappiness",
  "memswap_limit",
  "network_mode",
  "networks",
  "pid",
  "pids_limit",
  "platform",
  "ports",
  "privileged",
  "profiles",
  "pull_policy",
  "read_only",
  "restart",
  "scale",
  "secrets",
  "security_opt",
  "shm_size",
  "stdin_open",
  "stop_grace_period",
  "stop_signal",
  "sysctls",
  "tmpfs",
  "tty",
  "ulimits",
  "user",
  "userns_mode",
  "uts",
  "volumes",
  "working_dir",
]);

const deployKeys: Keys = new Set([
  "endpoint_mode",
  "labels",
  "mode",
  "placement",
  "replicas",
  "resources",
  "restart_policy",
  "rollback_config",
  "update_config",
]);
const resourceKeys: Keys = new Set(["limits", "reservations"]);
const amountKeys: Keys = new Set(["cpus", "memory", "pids"]);
const volumeKeys: Keys = new Set(["driver", "driver_opts", "external", "labels", "name"]);
const networkKeys: Keys = new Set([
  "attachable",
  "driver",
  "driver_opts",
  "enable_ipv4",
  "enable_ipv6",
  "external",
  "internal",
  "ipam",
  "labels",
  "name",
]);
const contentKeys: Keys = new Set(["content", "environment", "name"]);

const ownLabelPrefixes: readonly string[] = ["persys.", "com.docker.compose."];
const servicesMax = 256;

/**
 * Every rule that a compose file breaks which can be judged before any command sees it: what is not known here is refused, so that nothing that
 * a later compose learns makes it read files or run programs of the node. `env` is what the file is read with. Paths begin at the file's root.
 */
export function brokenRules(
  document: ComposeDocument,
  env: Readonly<Record<string, unknown>>,
): readonly Violation[] {
  const { services, version } = document;
  return [
    ...unknownKeys(document, topKeys, []),
    // With an object here, docker-compose 1.29 takes every part of the file for a service.
    ...(typeof version === "object" && version !== null
      ? [{ path: ["version"], rule: "must be a text" }]
      : []),
    ...(isMap(services) && Object.keys(services).length > 0
      ? []
      : [{ path: ["services"], rule: "is required: an object with at least one service" }]),
    ...(isMap(services) && Object.keys(services).length > servicesMax
      ? [{ path: ["services"], rule: `must have at most ${servicesMax} entries` }]
      : []),
    ...eachOf(services, ["services"], brokenInService),
    ...eachOf(document["volumes"], ["volumes"], (it, path) => [
      ...unknownKeys(it, volumeKeys, path),
      ...ownLabels(it["labels"], [...path, "labels"]),
    ]),
    ...eachOf(document["networks"], ["networks"], (it, path) => [
      ...unknownKeys(it, networkKeys, path),
      ...ownLabels(it["labels"], [...path, "labels"]),
    ]),
    ...eachOf(document["secrets"], ["secrets"], brokenInContent),
    ...eachOf(document["configs"], ["configs"], brokenInContent),
    ...misreadVariables(document, env),
  ];
}

function brokenInService(service: ComposeDocument, path: Path): readonly Violation[] {
  const { deploy, image } = service;
  return [
    ...unknownInService(service, path),
    ...(typeof image === "string" && image !== ""
      ? []
      : [{ path: [...path, "image"], rule: "is required: the reference of an image" }]),
    ...ownLabels(service["labels"], [...path, "labels"]),
    ...(isMap(deploy) ? brokenInDeploy(deploy, [...path, "deploy"]) : []),
  ];
}

function brokenInDeploy(deploy: ComposeDocument, path: Path): readonly Violation[] {
  const { resources } = deploy;
  const at = [...path, "resources"];
  return [
    ...unknownKeys(deploy, deployKeys, path),
    ...(isMap(resources)
      ? [
          ...unknownKeys(resources, resourceKeys, at),
          ...eachOf(resources, at, (it, inner) => unknownKeys(it, amountKeys, inner)),
        ]
      : []),
  ];
}

function brokenInContent(content: ComposeDocument, path: Path): readonly Violation[] {
  return Object.keys(content).flatMap((key) => {
    if (contentKeys.has(key)) return [];
    const rule =
      key === "file"
        ? "is refused: it reads a file of the node; use content, or environment with the env of the workload"
        : "is refused: only content and environment are supported here";
    return [{ path: [...path, key], rule }];
  });
}

/** Fields of a service that are not allowed, as a file has them and as the command puts them out. */
export function unknownInService(service: ComposeDocument, path: Path): readonly Violation[] {
  return unknownKeys(service, serviceKeys, path);
}

/** Keys that are not allowed. Those that begin with `x-` mean nothing to compose. */
function unknownKeys(value: ComposeDocument, allowed: Keys, path: Path): readonly Violation[] {
  return Object.keys(value)
    .filter((key) => !allowed.has(key) && !key.startsWith("x-"))
    .map((key) => ({
      path: [...path, key],
      rule: refusals.get(key) ?? "is not supported here: remove it, or correct its name",
    }));
}

function eachOf(
  value: unknown,
  path: Path,
  judge: (member: ComposeDocument, path: Path) => readonly Violation[],
): readonly Violation[] {
  if (value === undefined || value === null) return [];
  if (!isMap(value)) return [{ path, rule: "must be an object of named fields" }];
  // A name that begins with `x-` is a name like any other: only among fields it means nothing to compose.
  return Object.entries(value).flatMap(([name, member]): readonly Violation[] => {
    const at = [...path, name];
    if (isMap(member)) return judge(member, at);
    if (member === null && path[0] !== "services") return [];
    return [{ path: at, rule: "must be an object of named fields" }];
  });
}

function ownLabels(labels: unknown, path: Path): readonly Violation[] {
  const names = Array.isArray(labels)
    ? labels.filter((it) => typeof it === "string").map((it: string) => it.split("=")[0] ?? "")
    : isMap(labels)
      ? Object.keys(labels)
      : [];
  return names
    .filter((name) => ownLabelPrefixes.some((it) => name.startsWith(it)))
    .map((name) => ({
      path: [...path, name],
      rule: `must not start with \`${ownLabelPrefixes.join("` or `")}\`: such labels are the agent's and compose's own`,
    }));
}
