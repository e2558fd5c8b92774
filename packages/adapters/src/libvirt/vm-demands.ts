import type { Demands, NamedDemand, PortDemand } from "@persys/core";
import { DiskDemands } from "./disk-demands.ts";
import type { VmSpec } from "./vm-spec.ts";
import { isCdrom } from "./vm-spec-disks.ts";

/** Where it is looked. */
export interface VmDemandsContext {
  readonly nodeId: string;
  /** The images that specs name, which are for everybody to read. */
  readonly imageFolder: string;
  /** Where disks are made. */
  readonly diskFolder: string;
  /** Paths that have to be recognised under other names. */
  readonly protectedPaths: readonly string[];
  /** Asks libvirt for the names of its networks. */
  readonly networkNames: (signal: AbortSignal) => Promise<ReadonlySet<string>>;
}

const bytesOfMebibyte = 1_048_576;

/** The network that libvirt makes when it is installed, and that a machine has which names none. */
const networkDefault = "default";

/**
 * What a machine asks of the host: besides processors and memory the files of its disks with all that they stand on, disks of the host, bridges,
 * pools of storage, and the port of its screen. `spec` is typed by `vmSpecOf`. libvirt is asked only where networks are named.
 * @throws {AgentError} INVALID_SPEC, STORAGE_ERROR and RUNTIME_ERROR for images of the node's own that cannot be inspected
 * @throws what `networkNames` throws; the signal's reason
 */
export async function vmDemands(
  spec: VmSpec,
  context: VmDemandsContext,
  signal: AbortSignal,
): Promise<Demands> {
  const files = await DiskDemands.open(context, signal);
  const disks = spec.disks ?? [];
  const system = (spec.osImage ?? "") === "" ? -1 : disks.findIndex((it) => !isCdrom(it));
  for (const [at, disk] of disks.entries()) {
    const field = `disks[${at}]`;
    const base = at === system ? "osImage" : `${field}.baseImage`;
    await files.add(disk, { path: `${field}.path`, base });
  }
  const bridges = await bridgesOf(spec, context, signal);
  signal.throwIfAborted();
  return {
    cpuMillicores: spec.vcpus * 1_000,
    memoryBytes: spec.memoryMb * bytesOfMebibyte,
    hostPaths: files.hostPaths,
    user: "",
    rawDisks: files.rawDisks,
    bridges,
    storagePools: disks.flatMap(({ pool = "" }, at) =>
      pool === "" ? [] : [{ name: pool, field: `disks[${at}].pool` }],
    ),
    ports: spec.vnc === undefined ? [] : [screenPort],
  };
}

/** Where a screen is to be seen, on a port that libvirt picks. */
const screenPort: PortDemand = {
  hostIp: "127.0.0.1",
  hostPort: 0,
  protocol: "tcp",
  field: "vnc",
};

/** What libvirt does not know as a network of its own is a bridge of the host. */
async function bridgesOf(
  { networks = [] }: VmSpec,
  { networkNames }: VmDemandsContext,
  signal: AbortSignal,
): Promise<readonly NamedDemand[]> {
  const named = networks.flatMap(({ network = "" }, at) =>
    network === "" || network === networkDefault
      ? []
      : [{ name: network, field: `networks[${at}].network` }],
  );
  if (named.length === 0) return [];
  const known = await networkNames(signal);
  return named.filter(({ name }) => !known.has(name));
}
