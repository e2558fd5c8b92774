import { link } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError } from "@persys/core";

/** What file systems without links answer: `link(2)`, and what CIFS and FUSE say. */
const isWithoutLinks: ReadonlySet<unknown> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/**
 * Gives a finished file its name, unless there is something of that name: unlike a renaming this replaces nothing, so that a file is there whole or
 * not at all, and is nobody else's.
 * @param makeLink as `link` of `node:fs/promises`, which is the default
 * @returns whether it has the name now
 * @throws {AgentError} STORAGE_ERROR where the file system knows no links; else the system's error
 */
export async function linkNew(
  from: string,
  to: string,
  makeLink: typeof link = link,
): Promise<boolean> {
  try {
    await makeLink(from, to);
    return true;
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? error.code : undefined;
    if (errno === "EEXIST") return false;
    if (!isWithoutLinks.has(errno)) throw error;
    throw new AgentError(
      "STORAGE_ERROR",
      `no disk can be made in ${dirname(to)}: its file system knows no hard links, without which one is not there whole or not at all. Make disks elsewhere (PERSYS_VM_DISK_DIR, \`pool\` or \`path\`)`,
      { effect: "none", cause: error, details: { errno: String(errno) } },
    );
  }
}
