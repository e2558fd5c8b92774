import { homedir } from "node:os";
import { join } from "node:path";

/** Where a daemon listens, and which hypervisor it is asked for. */
export interface LibvirtEndpoint {
  /** The unix sockets to try, in this order. */
  readonly socketPaths: readonly string[];
  /** What the daemon opens: the URI without what concerns the way to it. */
  readonly name: string;
}

/** What is usual on a host: QEMU of the system. */
export const defaultLibvirtUri = "qemu:///system";

/**
 * Reads a URI as libvirt's own tools take it: `qemu:///system`, `qemu:///session`, `test:///default`, and
 * `qemu+unix:///system?socket=/path`. Undefined for all others: over TLS and ssh nothing is reached yet.
 * @param env where `XDG_RUNTIME_DIR` is looked up for a session's socket
 */
export function parseLibvirtUri(
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
): LibvirtEndpoint | undefined {
  const form = /^([a-z][a-z0-9]*)(\+unix)?:\/\/(\/[^?#]*)(?:\?([^#]*))?$/.exec(uri);
  if (form === null) return undefined;
  const [, driver = "", , path = "", query = ""] = form;
  const parameters = new URLSearchParams(query);
  const socket = parameters.get("socket");
  if ([...parameters.keys()].some((it) => it !== "socket")) return undefined;
  if (socket !== null && !socket.startsWith("/")) return undefined;
  const name = `${driver}://${path}`;
  return { name, socketPaths: socket === null ? usualSockets({ driver, path }, env) : [socket] };
}

/** The daemon for everything first; the one for a single driver is there where libvirt is split into several. */
function usualSockets(
  { driver, path }: { readonly driver: string; readonly path: string },
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const runtimeFolder = env["XDG_RUNTIME_DIR"] ?? join(homedir(), ".cache");
  const folder = path === "/session" ? join(runtimeFolder, "libvirt") : "/var/run/libvirt";
  return [join(folder, "libvirt-sock"), join(folder, `virt${driver}d-sock`)];
}
