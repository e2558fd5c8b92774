import { stringify } from "yaml";

/** An image that the policy of {@link strictPolicy} allows. Nobody has it: nothing is pulled to judge a file. */
const image = `registry.example/web@sha256:${"a".repeat(64)}`;

/** A policy under which each kind of denial can be had. */
export const strictPolicy = {
  PERSYS_IMAGE_REGISTRIES: "registry.example",
  PERSYS_REQUIRE_IMAGE_DIGEST: "true",
  PERSYS_PUBLISHED_ADDRESSES: "127.0.0.0/8",
} as const;

/** A compose file that is refused, and how. */
export interface Denial {
  readonly what: string;
  readonly file: string;
  /** Within the file. */
  readonly field: string;
  /** Part of the rule, as the violation says it. */
  readonly rule: string;
  /** Which of those who judge a file refuses it: we as we read it, we as the command understands it, or the policy of the node. */
  readonly by: "file" | "command" | "policy";
  /** docker-compose 1 does not know the field, and so takes no file with it. */
  readonly isLater?: boolean;
}

type Row = readonly [field: string, value: unknown, rule: string, isLater?: "later"];

/** Fields of a service that make a file refused, whatever the policy. */
const serviceFields: readonly Row[] = [
  ["extends", { service: "other" }, "is refused: it makes the compose command read files"],
  ["env_file", ["/etc/shadow"], "is refused: it makes the compose command read files"],
  ["label_file", "/etc/shadow", "is refused: it makes the compose command read files"],
  ["credential_spec", { file: "c.json" }, "is refused: it makes the compose command read files"],
  ["build", ".", "is refused: nodes build no images"],
  ["provider", { type: "model" }, "is refused: it runs programs of the node"],
  ["develop", {}, "is refused: it watches files of the node"],
  ["volumes_from", ["other"], "is refused: name the volumes themselves"],
  ["external_links", ["other"], "is refused: it reaches containers of others"],
  ["cgroup_parent", "/", "is refused: it leaves the place"],
  ["runtime", "other", "is refused: containers run as the engine"],
  ["gpus", "all", "is refused: devices of the node"],
  ["use_api_socket", true, "is refused: whoever has the socket"],
  ["post_start", [], "is not supported here"],
  ["device_cgroup_rules", ["c 1:3 mr"], "is not supported here"],
];

/** What the command understands of a service, and no policy can give. */
const serviceAsks: readonly Row[] = [
  ["security_opt", ["seccomp=unconfined"], "is refused but for no-new-privileges"],
  ["network_mode", "container:other", "must be left out or one of none, bridge, host"],
  ["pid", "container:other", "must be left out or one of host"],
  ["ipc", "container:other", "must be left out or one of none, private, shareable, host"],
  ["userns_mode", "remapped", "must be left out or one of host"],
  ["uts", "other", "must be left out or one of host", "later"],
  ["logging", { driver: "syslog" }, "must have the driver json-file, local or none"],
  ["volumes", ["./data:/data"], "must begin with `/`"],
];

/** What the policy of the node judges. */
const servicePolicy: readonly Row[] = [
  ["privileged", true, "PERSYS_ALLOW_PRIVILEGED"],
  ["cap_add", ["NET_ADMIN"], "PERSYS_ALLOWED_CAPABILITIES"],
  ["network_mode", "host", "PERSYS_ALLOWED_HOST_NAMESPACES"],
  ["pid", "host", "PERSYS_ALLOWED_HOST_NAMESPACES"],
  ["ipc", "host", "PERSYS_ALLOWED_HOST_NAMESPACES"],
  ["userns_mode", "host", "PERSYS_ALLOWED_HOST_NAMESPACES"],
  ["uts", "host", "PERSYS_ALLOWED_HOST_NAMESPACES", "later"],
  ["cgroup", "host", "PERSYS_ALLOWED_HOST_NAMESPACES", "later"],
  ["devices", ["/dev/kvm:/dev/kvm"], "PERSYS_ALLOWED_DEVICES"],
  ["ports", ["127.0.0.1:80:80"], "PERSYS_PUBLISHED_PORTS"],
  ["ports", ["8080:80"], "PERSYS_PUBLISHED_ADDRESSES"],
  ["image", `other.example/web@sha256:${"a".repeat(64)}`, "PERSYS_IMAGE_REGISTRIES"],
  ["image", "registry.example/web:1", "PERSYS_REQUIRE_IMAGE_DIGEST"],
  ["volumes", ["/srv/data:/data"], "PERSYS_ALLOWED_HOST_PATHS"],
  ["volumes", ["/var/run/docker.sock:/s"], "is the host's or the agent's own"],
];

/** Parts of a file beside its services. */
const parts: readonly (readonly [field: string, by: Denial["by"], part: object, rule: string])[] = [
  ["include", "file", { include: ["other.yaml"] }, "is refused: it makes the compose command"],
  ["models", "file", { models: {} }, "is not supported here"],
  [
    "secrets.key.file",
    "file",
    { secrets: { key: { file: "/etc/shadow" } } },
    "is refused: it reads a file",
  ],
  [
    "configs.key.file",
    "file",
    { configs: { key: { file: "/etc/shadow" } } },
    "is refused: it reads a file",
  ],
  [
    "secrets.key.external",
    "file",
    { secrets: { key: { external: true } } },
    "only content and environment",
  ],
  [
    "volumes.data.external",
    "command",
    { volumes: { data: { external: true } } },
    "volumes of others",
  ],
  [
    "volumes.data.driver",
    "command",
    { volumes: { data: { driver: "nfs" } } },
    "only local volumes",
  ],
  [
    "volumes.data.driver_opts",
    "command",
    { volumes: { data: { driver_opts: { type: "nfs", device: ":/x", o: "addr=10.0.0.1" } } } },
    "only tmpfs and folders of the node",
  ],
  [
    "networks.net.external",
    "command",
    { networks: { net: { external: true } } },
    "networks of others",
  ],
  [
    "networks.net.driver",
    "command",
    { networks: { net: { driver: "macvlan" } } },
    "only bridge networks",
  ],
  [
    "networks.net.driver_opts",
    "command",
    { networks: { net: { driver_opts: { "com.docker.network.bridge.name": "br0" } } } },
    "others reach beyond the network",
  ],
  [
    "networks.net.ipam",
    "command",
    { networks: { net: { ipam: { config: [{ subnet: "10.0.0.0/8" }] } } } },
    "addresses are given by the engine",
  ],
  [
    "volumes.data.driver_opts.device",
    "policy",
    { volumes: { data: { driver_opts: { type: "none", o: "bind", device: "/etc" } } } },
    "is the host's or the agent's own",
  ],
];

/** Every denial there is; `link` is a symbolic link to /etc, in a folder that the policy allows. */
export function denials(link: string): readonly Denial[] {
  const linked: Row = ["volumes", [`${link}:/data`], "/etc is the host's or the agent's own"];
  return [
    ...serviceFields.map((row) => inService("file", row)),
    ...serviceAsks.map((row) => inService("command", row)),
    ...[...servicePolicy, linked].map((row) => inService("policy", row)),
    ...parts.map(([field, by, part, rule]) => ({
      what: field,
      file: stringify({ services: { web: withUse(field, { image }) }, ...part }),
      field,
      rule,
      by,
    })),
    {
      what: "a variable of the command's own",
      file: stringify({ services: { web: { image, pid: "$COMPOSE_PROJECT_NAME" } } }),
      field: "services.web.pid",
      rule: "must not read the variable COMPOSE_PROJECT_NAME",
      by: "file",
    },
    {
      what: "labels of the agent's own",
      file: stringify({ services: { web: { image, labels: { "persys.uid": "x" } } } }),
      field: 'services.web.labels["persys.uid"]',
      rule: "must not start with",
      by: "file",
    },
    {
      what: "devices that are reserved",
      file: stringify({
        services: {
          web: {
            image,
            deploy: { resources: { reservations: { devices: [{ capabilities: ["gpu"] }] } } },
          },
        },
      }),
      field: "services.web.deploy.resources.reservations.devices",
      rule: "is not supported here",
      by: "file",
    },
  ];
}

function inService(by: Denial["by"], [field, value, rule, later]: Row): Denial {
  // Lists are judged one by one where the policy names paths.
  const at = field === "volumes" ? `${field}[0]` : field;
  return {
    what: `${field} ${JSON.stringify(value)}`,
    file: stringify({ services: { web: { image, [field]: value } } }),
    field: `services.web.${at}`,
    rule,
    by,
    ...(later === undefined ? {} : { isLater: true }),
  };
}

/** The command leaves out volumes and networks that no service uses. */
function withUse(field: string, service: object): object {
  if (field.startsWith("volumes.")) return { ...service, volumes: ["data:/data"] };
  return field.startsWith("networks.") ? { ...service, networks: ["net"] } : service;
}
