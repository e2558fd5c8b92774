import { type Logger, type SecretSealer, type SecretSource, silentLogger } from "@persys/core";

/** How a process runtime is set up. */
export interface ProcessRuntimeOptions {
  /** The folder of all instances, made when missing, for the agent's account only. Its file system has to support FIFOs and locks. */
  readonly root: string;
  /** Marks what this node owns. */
  readonly nodeId: string;
  /** Default: none. */
  readonly logger?: Logger;
  /** Finds what values of an environment refer to. Default: none, so that no process may refer to anything. */
  readonly secretSource?: SecretSource;
  /** Seals the secrets in the descriptions of instances. Default: they are stored as they are, for the agent's account alone. */
  readonly secretSealer?: SecretSealer;
  /** Paths of this host, besides the usual ones, that `demands` recognises under other names. Default: none. */
  readonly protectedPaths?: readonly string[];
  /** Size of a log segment. Default 10 MiB. */
  readonly logBytesMax?: number;
  /** Segments kept of each stream, the one being written included; at least 2. Default 5. */
  readonly logFilesMax?: number;
  /** `auto`: control groups where the agent may make them, else resource limits of the process. `off`: always the latter. Default `auto`. */
  readonly cgroups?: "auto" | "off";
  /** Mount point of the control groups. Default `/sys/fs/cgroup`. */
  readonly cgroupRoot?: string;
  /** Name of the group that holds ours. Default `persys-` and the node's id. */
  readonly cgroupParent?: string;
}

/** The options with every default filled in. */
export interface ResolvedProcessOptions
  extends Required<Omit<ProcessRuntimeOptions, "secretSource" | "secretSealer">>,
    Pick<ProcessRuntimeOptions, "secretSource" | "secretSealer"> {}

/**
 * The options with defaults.
 * @throws {RangeError} for a log bound that is no positive whole number.
 */
export function resolveProcessOptions(options: ProcessRuntimeOptions): ResolvedProcessOptions {
  const resolved: ResolvedProcessOptions = {
    logger: silentLogger,
    protectedPaths: [],
    logBytesMax: 10 * 1024 * 1024,
    logFilesMax: 5,
    cgroups: "auto",
    cgroupRoot: "/sys/fs/cgroup",
    cgroupParent: `persys-${fileNameOf(options.nodeId)}`,
    ...options,
  };
  if (!Number.isSafeInteger(resolved.logBytesMax) || resolved.logBytesMax < 1)
    throw new RangeError(`logBytesMax must be a positive whole number: ${resolved.logBytesMax}`);
  if (!Number.isSafeInteger(resolved.logFilesMax) || resolved.logFilesMax < 2)
    throw new RangeError(`logFilesMax must be a whole number from 2 on: ${resolved.logFilesMax}`);
  return resolved;
}

/** The id as one part of a path, one to one: what is not safe there becomes `%` and two hex digits of each byte. */
function fileNameOf(nodeId: string): string {
  const encode = (text: string): string =>
    [...Buffer.from(text)].map((it) => `%${it.toString(16).padStart(2, "0")}`).join("");
  return nodeId.replaceAll(/[^A-Za-z0-9_-]/gu, encode);
}
