/**
 * What a spec asks of the host, as flat data for policy and admission. Lists that are left out are empty: nothing of the kind is asked. Every
 * `field` is the place in the spec that asks for it, from its root: `volumes[0].hostPath`.
 */
export interface Demands {
  /** Thousandths of a core; 0: none stated. */
  readonly cpuMillicores: number;
  /** 0: none stated. */
  readonly memoryBytes: number;
  readonly hostPaths: readonly HostPathDemand[];
  /** The account as the spec names it; empty: the runtime's default. */
  readonly user: string;
  /** The account of the host that it runs as; left out where it is one of an image or of a machine. */
  readonly account?: AccountDemand;
  /** Who asks to be released from nearly every confinement. */
  readonly privileged?: readonly FieldDemand[];
  /** Capabilities beyond those that the runtime gives to everybody. */
  readonly capabilities?: readonly CapabilityDemand[];
  /** Namespaces of the host itself that it takes part in. */
  readonly hostNamespaces?: readonly HostNamespaceDemand[];
  /** Devices of the host that it may use. */
  readonly devices?: readonly DeviceDemand[];
  /** Disks and partitions of the host that it gets as its own, and files that stand for one. */
  readonly rawDisks?: readonly DeviceDemand[];
  /** Bridges of the host that it is connected to: it then takes part in the networks behind them under addresses of its own. */
  readonly bridges?: readonly NamedDemand[];
  /** Pools of storage that disks of it are made in. */
  readonly storagePools?: readonly NamedDemand[];
  readonly ports?: readonly PortDemand[];
  readonly images?: readonly ImageDemand[];
  /** Repositories of git that the agent fetches parts of it from. */
  readonly repositories?: readonly RepositoryDemand[];
  /** Files of the host whose content it is given as a secret. */
  readonly secretFiles?: readonly SecretFileDemand[];
  /** Variables of the agent's environment that it is given as secrets. */
  readonly secretVariables?: readonly SecretVariableDemand[];
}

/** One file that a spec refers to. */
export type SecretFileDemand = Pick<
  HostPathDemand,
  "path" | "field" | "written" | "links" | "aliases" | "unresolved"
>;

/** One variable of the agent's environment that a spec refers to. */
export interface SecretVariableDemand {
  readonly name: string;
  readonly field: string;
}

/** One path of the host that it gets to see. */
export interface HostPathDemand {
  /** Absolute, without `.`, `..` and symbolic links, as far as it exists. */
  readonly path: string;
  readonly field: string;
  readonly readOnly: boolean;
  /** As the spec has it; left out where it is `path` itself. */
  readonly written?: string;
  /** Where the symbolic links are that were followed on the way from `written` to `path`, each without links itself. */
  readonly links?: readonly string[];
  /** Other paths under which the same file, or a folder around it, is known; beside `path` itself. */
  readonly aliases?: readonly string[];
  /** Why it is not known what `path` leads to, such as `EACCES`; `path` is then as far as it is known. */
  readonly unresolved?: string;
  /** Whether it is a path of another machine than the agent's, where links cannot be looked at. */
  readonly elsewhere?: boolean;
  /**
   * `mount`, the default: the workload gets access that it would not have otherwise. `enter`: it only begins there, with what its account
   * may do anyway.
   */
  readonly use?: "mount" | "enter";
}

/** An account of the host. */
export interface AccountDemand {
  /** The place of the account in the spec, also where the spec leaves it out. */
  readonly field: string;
  /** Its name on this host; else as the spec has it. */
  readonly name: string;
  /** Undefined where there is no such account now. */
  readonly uid: number | undefined;
  /** The group, where the spec names one that is not the account's own. */
  readonly otherGid?: number;
  /** Whether it is the account that the agent itself runs as. */
  readonly isAgents: boolean;
}

/** A place in the spec that asks for something. */
export interface FieldDemand {
  readonly field: string;
}

/** One capability of Linux. */
export interface CapabilityDemand {
  /** With or without `CAP_`, in any case; `ALL` for every one. */
  readonly name: string;
  readonly field: string;
}

/** The namespaces that can be those of the host. */
export const hostNamespaces = ["network", "pid", "ipc", "uts", "user", "cgroup"] as const;

/** One of {@link hostNamespaces}. */
export type HostNamespace = (typeof hostNamespaces)[number];

/** A namespace of the host that is not left. */
export interface HostNamespaceDemand {
  readonly namespace: HostNamespace;
  readonly field: string;
}

/** A device, by its path without symbolic links. */
export interface DeviceDemand {
  readonly path: string;
  readonly field: string;
}

/** Something of the host that has a name. */
export interface NamedDemand {
  readonly name: string;
  readonly field: string;
}

/** A port of the host that leads into a workload. */
export interface PortDemand {
  /** The address it listens on, as the spec has it; empty: all of them. */
  readonly hostIp: string;
  /** 0: the runtime picks a free one. */
  readonly hostPort: number;
  readonly protocol: string;
  readonly field: string;
}

/** Where an image comes from. */
export interface ImageDemand {
  /** As the spec has it. */
  readonly reference: string;
  /** `docker.io`, `registry.example:5000`. */
  readonly registry: string;
  /** Within the registry: `library/busybox`. */
  readonly repository: string;
  /** Whether the reference names the content itself, so that it cannot change. */
  readonly isPinned: boolean;
  readonly field: string;
}

/** A repository of git. */
export interface RepositoryDemand {
  /** `https://git.example/team/shop.git`: normalised, without user and password. */
  readonly url: string;
  readonly field: string;
  /** Whether its host is sent a password or a token. Default: no. */
  readonly sendsPassword?: boolean;
  /** The addresses that the name of its host stands for, and that alone are reached; left out: not looked up yet. */
  readonly addresses?: readonly string[];
  /** Addresses that this machine has. Default: none but those that every machine has for itself. */
  readonly ownAddresses?: readonly string[];
}
