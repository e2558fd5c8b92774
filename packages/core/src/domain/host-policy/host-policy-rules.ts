import type { HostNamespace } from "../demands.ts";

/** A folder or file that workloads may mount, with all below it. */
export interface AllowedHostPath {
  /** Absolute, without `.` and `..`. */
  readonly path: string;
  /** Whether it may only be mounted read-only. */
  readonly readOnly: boolean;
}

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a node gives to workloads. A list that is `any` allows everything of its kind that is not protected. Plain data.
 */
export interface HostPolicyRules {
  /** What may be mounted; of several around one path the closest counts. */
  readonly allowedHostPaths: readonly AllowedHostPath[];
  /** Paths that are never given, and no folder that holds one of them: those of {@link standardProtectedPaths} and the agent's own. */
  readonly protectedPaths: readonly string[];
  /** Whether `allowedHostPaths` also speaks of paths of another machine, on which links cannot be looked at. */
  readonly allowRemoteHostPaths: boolean;
  readonly allowPrivileged: boolean;
  /** Capabilities beyond {@link everydayCapabilities}, without `CAP_`, in upper case; `ALL`: every one. */
  readonly allowedCapabilities: readonly string[];
  readonly allowedHostNamespaces: readonly HostNamespace[];
  /** Paths of devices, and folders with all devices in them. */
  readonly allowedDevices: readonly string[];
  /** As `allowedDevices`, for whole disks. */
  readonly allowedRawDisks: readonly string[];
  /** Bridges of the host that machines may be connected to, by their names. Networks of libvirt are no bridges here: they are the operator's. */
  readonly allowedBridges: readonly string[];
  /** Pools of storage that disks of machines may be made in, by their names. */
  readonly allowedStoragePools: readonly string[];
  /** IP addresses and networks (`10.0.0.0/8`) that ports may be published on. */
  readonly publishedAddresses: readonly string[] | "any";
  readonly publishedPorts: readonly PortRange[];
  /**
   * Accounts of the host that processes may run as: names or uids, with `:` and a group or gid where that is not the account's own. `self`: the
   * agent's own account, whose files, its token and state among them, every process may then read; `any`: all. Root only counts where it is named.
   */
  readonly processUsers: readonly string[];
  /** Registries (`ghcr.io`) and parts of them (`ghcr.io/team`) that images may come from. */
  readonly imageRegistries: readonly string[] | "any";
  readonly requireImageDigest: boolean;
  /**
   * Where repositories of git may be: hosts (`git.example`), parts of them (`git.example:8443/team`), over TLS unless an entry says otherwise
   * (`http://git.lan`). `any`: all that are reached over TLS.
   */
  readonly gitRepositories: readonly string[] | "any";
  /** Files, and folders with all files below them, whose content specs may refer to. */
  readonly allowedSecretFiles: readonly string[];
  /** Variables of the agent's environment that specs may refer to. */
  readonly allowedSecretVariables: readonly string[];
}

/** What denials call the members of {@link HostPolicyRules}: the names of an embedder's settings. */
export type HostPolicySettingNames = Readonly<
  Record<Exclude<keyof HostPolicyRules, "protectedPaths">, string>
>;

/** The names where an embedder gives no others. */
export const ruleMemberNames: HostPolicySettingNames = {
  allowedHostPaths: "allowedHostPaths",
  allowRemoteHostPaths: "allowRemoteHostPaths",
  allowPrivileged: "allowPrivileged",
  allowedCapabilities: "allowedCapabilities",
  allowedHostNamespaces: "allowedHostNamespaces",
  allowedDevices: "allowedDevices",
  allowedRawDisks: "allowedRawDisks",
  allowedBridges: "allowedBridges",
  allowedStoragePools: "allowedStoragePools",
  publishedAddresses: "publishedAddresses",
  publishedPorts: "publishedPorts",
  processUsers: "processUsers",
  imageRegistries: "imageRegistries",
  requireImageDigest: "requireImageDigest",
  gitRepositories: "gitRepositories",
  allowedSecretFiles: "allowedSecretFiles",
  allowedSecretVariables: "allowedSecretVariables",
};

/**
 * What no workload gets: the kernel's own interfaces, the system's configuration, and whatever steers the host or all of its workloads, such as the
 * sockets and the data of container engines.
 */
export const standardProtectedPaths: readonly string[] = [
  "/boot",
  "/dev",
  "/etc",
  "/proc",
  "/root",
  "/sys",
  "/run/containerd",
  "/run/crio",
  "/run/dbus",
  "/run/docker",
  "/run/docker.sock",
  "/run/k3s",
  "/run/libvirt",
  "/run/podman",
  "/run/systemd",
  "/run/user",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/var/lib/docker",
  "/var/lib/kubelet",
  "/var/lib/rancher",
  "/var/run/containerd",
  "/var/run/crio",
  "/var/run/dbus",
  "/var/run/docker",
  "/var/run/docker.sock",
  "/var/run/libvirt",
  "/var/run/podman",
  "/var/snap/docker",
  "/var/spool/cron",
];

/** What every container of Docker may do without asking (moby, oci/caps/defaults.go). */
export const everydayCapabilities: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

/** Ports that stand for no service of the host itself. */
export const unprivilegedPorts: PortRange = { first: 1_024, last: 65_535 };

/** What a node gives of which nothing was said: workloads run and can be reached, and nobody becomes the host's master. */
export const safeHostPolicyRules: HostPolicyRules = {
  allowedHostPaths: [],
  protectedPaths: standardProtectedPaths,
  allowRemoteHostPaths: false,
  allowPrivileged: false,
  allowedCapabilities: [],
  allowedHostNamespaces: [],
  allowedDevices: [],
  allowedRawDisks: [],
  allowedBridges: [],
  allowedStoragePools: [],
  publishedAddresses: "any",
  publishedPorts: [unprivilegedPorts],
  processUsers: [],
  imageRegistries: "any",
  requireImageDigest: false,
  gitRepositories: "any",
  allowedSecretFiles: [],
  allowedSecretVariables: [],
};
