import { type HostPolicySettingNames, safeHostPolicyRules as safe } from "@persys/core";
import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { anyOrListOf, listOf } from "./list-type.ts";
import { truth } from "./option-type.ts";
import {
  accountItem,
  addressItem,
  bridgeItem,
  capabilityItem,
  devicePathItem,
  hostPathItem,
  namespaceItem,
  poolItem,
  portRangeItem,
  registryItem,
  secretPathItem,
  variableItem,
} from "./policy-items.ts";

const section = "Host policy";

type PolicySetting = keyof HostPolicySettingNames;

/** The rows of the table about what workloads may ask of this host. They are named as the rules they become. */
export const policyOptions: { readonly [Name in PolicySetting]: ConfigOption<Config[Name]> } = {
  allowedHostPaths: {
    section,
    key: "allowed_host_paths",
    env: ["PERSYS_ALLOWED_HOST_PATHS"],
    type: listOf(hostPathItem),
    standard: safe.allowedHostPaths,
    doc: "Folders and files of this host that workloads may mount, with all below them; `:ro` behind one: for reading only. Links are followed before it is judged. What [docs/security.md](security.md) calls protected is never given.",
  },
  allowRemoteHostPaths: {
    section,
    key: "allow_remote_host_paths",
    env: ["PERSYS_ALLOW_REMOTE_HOST_PATHS"],
    type: truth,
    standard: safe.allowRemoteHostPaths,
    doc: "Whether `allowed_host_paths` also holds for an engine on another machine (`tcp://`), where the agent cannot follow links: whoever may write there can then get around it.",
  },
  allowPrivileged: {
    section,
    key: "allow_privileged",
    env: ["PERSYS_ALLOW_PRIVILEGED"],
    type: truth,
    standard: safe.allowPrivileged,
    doc: "Whether containers may be privileged, which makes them masters of this host.",
  },
  allowedCapabilities: {
    section,
    key: "allowed_capabilities",
    env: ["PERSYS_ALLOWED_CAPABILITIES"],
    type: listOf(capabilityItem),
    standard: safe.allowedCapabilities,
    doc: "Capabilities of Linux that workloads may ask for besides those that every container has.",
  },
  allowedHostNamespaces: {
    section,
    key: "allowed_host_namespaces",
    env: ["PERSYS_ALLOWED_HOST_NAMESPACES"],
    type: listOf(namespaceItem),
    standard: safe.allowedHostNamespaces,
    doc: "Namespaces of this host that containers may share: `network` for containers with `network: host`, which reach all that listens on this machine alone, the agent included.",
  },
  allowedDevices: {
    section,
    key: "allowed_devices",
    env: ["PERSYS_ALLOWED_DEVICES"],
    type: listOf(devicePathItem),
    standard: safe.allowedDevices,
    doc: "Devices that workloads may use, such as `/dev/kvm`, and folders with all devices in them.",
  },
  allowedRawDisks: {
    section,
    key: "allowed_raw_disks",
    env: ["PERSYS_ALLOWED_RAW_DISKS"],
    type: listOf(devicePathItem),
    standard: safe.allowedRawDisks,
    doc: "Disks and partitions that virtual machines may have as a whole, and folders with all of them.",
  },
  allowedBridges: {
    section,
    key: "allowed_bridges",
    env: ["PERSYS_ALLOWED_BRIDGES"],
    type: listOf(bridgeItem),
    standard: safe.allowedBridges,
    doc: "Bridges of this host that virtual machines may be connected to, which puts them on the networks behind these. Networks of libvirt are the operator's own, and need not be named.",
  },
  allowedStoragePools: {
    section,
    key: "allowed_storage_pools",
    env: ["PERSYS_ALLOWED_STORAGE_POOLS"],
    type: listOf(poolItem),
    standard: safe.allowedStoragePools,
    doc: "Pools of storage of libvirt that disks of virtual machines may be made in. Without `pool` in its spec a disk is made in `vm_disk_dir`.",
  },
  publishedAddresses: {
    section,
    key: "published_addresses",
    env: ["PERSYS_PUBLISHED_ADDRESSES"],
    type: anyOrListOf(addressItem),
    standard: safe.publishedAddresses,
    doc: "Addresses of this host that ports may be published on. A port without an address listens on all of them, which only `any`, or `0.0.0.0/0,::/0`, allows.",
  },
  publishedPorts: {
    section,
    key: "published_ports",
    env: ["PERSYS_PUBLISHED_PORTS"],
    type: listOf(portRangeItem),
    standard: safe.publishedPorts,
    doc: "Ports of this host that may be published. A port that the engine picks needs all of `1024-65535`.",
  },
  processUsers: {
    section,
    key: "process_users",
    env: ["PERSYS_PROCESS_USERS"],
    type: listOf(accountItem),
    standard: safe.processUsers,
    development: () => ["self", "root"],
    doc: "Accounts of this host that processes may run as, by name or uid. `self`: the agent's own, so that whoever may apply a process can read what the agent can, its token, keys and state; `any`: all. Root only where it is named, also where it is the agent's own. A group other than the account's own is named with it: `app:33`.",
  },
  imageRegistries: {
    section,
    key: "image_registries",
    env: ["PERSYS_IMAGE_REGISTRIES"],
    type: anyOrListOf(registryItem),
    standard: safe.imageRegistries,
    doc: "Registries that images may come from, such as `docker.io/library,ghcr.io/team`.",
  },
  requireImageDigest: {
    section,
    key: "require_image_digest",
    env: ["PERSYS_REQUIRE_IMAGE_DIGEST"],
    type: truth,
    standard: safe.requireImageDigest,
    doc: "Whether images have to be named by digest (`@sha256:…`), so that what runs cannot change under its name.",
  },
  allowedSecretFiles: {
    section,
    key: "allowed_secret_files",
    env: ["PERSYS_ALLOWED_SECRET_FILES"],
    type: listOf(secretPathItem),
    standard: safe.allowedSecretFiles,
    doc: "Files of this host, and folders with all files below them, that values of an environment may refer to (`file:/run/secrets/db`); what is in the file becomes the value when the workload is started. Links are followed before it is judged. Never the agent's own files, `/proc`, `/sys` and `/dev`.",
  },
  allowedSecretVariables: {
    section,
    key: "allowed_secret_variables",
    env: ["PERSYS_ALLOWED_SECRET_VARIABLES"],
    type: listOf(variableItem),
    standard: safe.allowedSecretVariables,
    doc: "Variables of the agent's environment that values of an environment may refer to (`env:DB_PASSWORD`). Never those of the agent's own settings.",
  },
};
