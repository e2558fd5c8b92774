import { AgentError } from "@persys/core";
import { type LibvirtConnection, LibvirtError } from "./rpc/index.ts";
import type { VmSpec } from "./vm-spec.ts";
import { childOf, parseXml } from "./xml.ts";

/** Kinds of pools that are folders of this host: disks in them are files, as in any other folder. */
const foldersOfPools: ReadonlySet<string> = new Set(["dir", "fs", "netfs"]);

/**
 * The folders of the pools that the disks of a spec are to be made in, by the pools' names. libvirt is asked only where there are any.
 * @throws {AgentError} STORAGE_ERROR, retryable, for a pool that is not there or not started; INVALID_SPEC for one that is no folder
 * @throws {LibvirtError} {LibvirtConnectionError} the signal's reason
 */
export async function poolFolders(
  { disks = [] }: Pick<VmSpec, "disks">,
  connection: Pick<LibvirtConnection, "call">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const names = new Set(disks.flatMap(({ pool = "" }) => (pool === "" ? [] : [pool])));
  const folders = new Map<string, string>();
  for (const name of names) folders.set(name, await poolFolder(name, connection, signal));
  return folders;
}

async function poolFolder(
  name: string,
  connection: Pick<LibvirtConnection, "call">,
  signal: AbortSignal,
): Promise<string> {
  const { pool } = await lookedUp(name, connection, signal);
  const { state } = await connection.call("storagePoolGetInfo", { pool }, { signal });
  if (state !== poolIsRunning)
    throw poolError(`the pool of storage ${name} is not started: virsh pool-start ${name}`);
  const { xml } = await connection.call("storagePoolGetXmlDesc", { pool, flags: 0 }, { signal });
  const root = parseXml(xml);
  const kind = root?.attributes.get("type") ?? "unknown";
  const folder = childOf(childOf(root, "target"), "path")?.text ?? "";
  if (foldersOfPools.has(kind) && folder.startsWith("/")) return folder;
  const kinds = [...foldersOfPools].join(", ");
  throw new AgentError(
    "INVALID_SPEC",
    `the pool of storage ${name} is of the type ${kind}, and disks are made in pools that are folders (${kinds}): name another, or the device itself as \`path\``,
    { fault: "user", effect: "none" },
  );
}

async function lookedUp(
  name: string,
  connection: Pick<LibvirtConnection, "call">,
  signal: AbortSignal,
) {
  try {
    return await connection.call("storagePoolLookupByName", { name }, { signal });
  } catch (error) {
    if (!LibvirtError.hasCode(error, "noStoragePool")) throw error;
    throw poolError(`libvirt has no pool of storage ${name}: virsh pool-list --all`, error);
  }
}

function poolError(message: string, cause?: unknown): AgentError {
  return new AgentError("STORAGE_ERROR", message, {
    fault: "user",
    retryable: true,
    effect: "none",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** `VIR_STORAGE_POOL_RUNNING` (libvirt-storage.h). */
const poolIsRunning = 2;
