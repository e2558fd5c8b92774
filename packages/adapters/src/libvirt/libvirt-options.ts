import { type Logger, silentLogger } from "@persys/core";
import type { AcceleratorChoice } from "./host-capabilities.ts";
import { type Hypervisor, qemu } from "./hypervisor.ts";
import { defaultLibvirtUri, type LibvirtEndpoint, parseLibvirtUri } from "./rpc/index.ts";

/** What a runtime of virtual machines is made with. */
export interface LibvirtRuntimeOptions {
  /** Only machines marked with it are seen. */
  readonly nodeId: string;
  /**
   * A folder for the seeds and console logs of this node's machines, private to it. Made when it is needed. QEMU's own user has to be able to
   * get through the folders above it.
   */
  readonly folder: string;
  /** Where disks are made that have neither a path nor a pool. Made when it is needed. Default `/var/lib/libvirt/images`. */
  readonly diskFolder?: string;
  /** Base images and cdroms that specs name without a path. Default `/var/lib/libvirt/images/base`. */
  readonly imageFolder?: string;
  /** How libvirt is reached: `qemu:///system`, or `qemu+unix:///system?socket=/path`. Default `qemu:///system`. */
  readonly uri?: string;
  /** Whether guests are run by the host's processor, or emulated. Default `auto`: the first where it can. */
  readonly accelerator?: AcceleratorChoice;
  /** Paths of this host, besides the usual ones, that `demands` recognises under other names. Default: none. */
  readonly protectedPaths?: readonly string[];
  readonly logger?: Logger;
  /** How another hypervisor than QEMU is spoken to. */
  readonly hypervisor?: Hypervisor;
}

/** {@link LibvirtRuntimeOptions} with defaults. */
export interface ResolvedLibvirtOptions {
  readonly nodeId: string;
  readonly folder: string;
  readonly diskFolder: string;
  readonly imageFolder: string;
  readonly endpoint: LibvirtEndpoint;
  readonly accelerator: AcceleratorChoice;
  readonly protectedPaths: readonly string[];
  readonly logger: Logger;
  readonly hypervisor: Hypervisor;
}

/** Fills in the defaults. @throws {RangeError} for a URI that is not understood. */
export function resolveLibvirtOptions(options: LibvirtRuntimeOptions): ResolvedLibvirtOptions {
  const { diskFolder = "/var/lib/libvirt/images", uri = defaultLibvirtUri } = options;
  const endpoint = parseLibvirtUri(uri, process.env);
  if (endpoint === undefined)
    throw new RangeError("uri must be such as qemu:///system or qemu+unix:///system?socket=/path");
  return {
    nodeId: options.nodeId,
    folder: options.folder,
    diskFolder,
    imageFolder: options.imageFolder ?? "/var/lib/libvirt/images/base",
    endpoint,
    accelerator: options.accelerator ?? "auto",
    protectedPaths: [...(options.protectedPaths ?? []), options.folder],
    logger: options.logger ?? silentLogger,
    hypervisor: options.hypervisor ?? qemu,
  };
}
