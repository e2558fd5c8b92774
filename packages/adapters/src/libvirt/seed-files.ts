import { stringify } from "yaml";
import type { Machine } from "./machine.ts";
import type { VmSpec } from "./vm-spec.ts";
import type { NetworkSpec } from "./vm-spec-networks.ts";

/** The files of a NoCloud seed (cloud-init's documentation, "NoCloud"), by their names. */
export type SeedFiles = ReadonlyMap<SeedFileName, string>;

/** The files that cloud-init looks for on a volume named `cidata`. */
export type SeedFileName = "meta-data" | "network-config" | "user-data" | "vendor-data";

/** What cloud-init takes for the beginning of its own format. */
const cloudConfig = "#cloud-config\n";

/** Whether a spec says anything that a guest has to be told. */
export function wantsSeed({ cloudInit, cloudInitConfig, credentials, networks }: VmSpec): boolean {
  const isAddressed = (networks ?? []).some((it) => (it.ipAddress ?? "") !== "");
  return (
    Boolean(cloudInit) || cloudInitConfig !== undefined || credentials !== undefined || isAddressed
  );
}

/**
 * What a guest is told. The instance stays the same through all revisions, so that cloud-init does not take an updated machine for a new one.
 * @param machine the spec's, of which its names and hardware addresses are told
 */
export function seedFilesOf(
  spec: VmSpec,
  machine: Pick<Machine, "name" | "uuid" | "interfaces">,
): SeedFiles {
  const {
    userData = "",
    metaData = "",
    networkConfig = "",
    vendorData = "",
  } = spec.cloudInitConfig ?? {};
  const files = new Map<SeedFileName, string>([
    ["user-data", (spec.cloudInit ?? "") || userData || defaultUserData(spec)],
    ["meta-data", metaDataOf(metaData, machine)],
  ]);
  const network = networkConfig || defaultNetworkConfig(spec.networks ?? [], machine.interfaces);
  // A guest without interfaces is told of none: an empty configuration would be none of cloud-init's.
  if (network !== "") files.set("network-config", network);
  if (vendorData !== "") files.set("vendor-data", vendorData);
  return files;
}

function defaultUserData({ credentials }: VmSpec): string {
  if (credentials === undefined) return `${cloudConfig}{}\n`;
  const { username, passwordHash = "", sshKeys = [] } = credentials;
  const user = {
    name: username,
    groups: "sudo",
    shell: "/bin/bash",
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    lock_passwd: passwordHash === "",
    ...(passwordHash === "" ? {} : { passwd: passwordHash }),
    ...(sshKeys.length === 0 ? {} : { ssh_authorized_keys: sshKeys }),
  };
  return cloudConfig + stringify({ users: [user], ssh_pwauth: passwordHash !== "" });
}

/** JSON, which is YAML as well: what cloud-init reads. */
function metaDataOf(given: string, { name, uuid }: Pick<Machine, "name" | "uuid">): string {
  const own = { "instance-id": uuid, "local-hostname": hostnameOf(name) };
  const said: unknown = given === "" ? {} : JSON.parse(given);
  const all = typeof said === "object" && said !== null ? { ...own, ...said } : own;
  return `${JSON.stringify(all, undefined, 2)}\n`;
}

/** An id as a name of a host: RFC 1123 knows letters, digits and `-`, and 63 of them. */
function hostnameOf(id: string): string {
  const letters = id.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 63);
  return letters.replace(/-+$/, "");
}

/**
 * Version 2, each interface found by its hardware address: names are given by the guest. What is not addressed takes an address from DHCP: where
 * there is a configuration at all, cloud-init does not do so by itself.
 */
function defaultNetworkConfig(
  specs: readonly NetworkSpec[],
  interfaces: Machine["interfaces"],
): string {
  if (interfaces.length === 0) return "";
  const ethernets = new Map(
    interfaces.map(({ mac: macaddress }, at) => [
      `net${at}`,
      { match: { macaddress }, ...addressing(specs[at] ?? {}) },
    ]),
  );
  return stringify({ version: 2, ethernets });
}

function addressing({ ipAddress = "", gateway = "", nameservers = [] }: NetworkSpec): object {
  if (ipAddress === "") return { dhcp4: true };
  const to = gateway.includes(":") ? "::/0" : "0.0.0.0/0";
  const addresses = nameservers.filter((it) => it !== "");
  return {
    addresses: [ipAddress],
    ...(gateway === "" ? {} : { routes: [{ to, via: gateway }] }),
    ...(addresses.length === 0 ? {} : { nameservers: { addresses } }),
  };
}
