import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Host } from "../host.ts";

/** An agent of the development profile, as its folder describes it. */
export interface DevAgent {
  /** Its folder, `.persys/dev` unless PERSYS_DEV_DIR says otherwise. */
  readonly dir: string;
  readonly endpoint: string;
  readonly token: string | undefined;
  /** File with the authority that it has made for itself, where it speaks TLS; undefined when there is none. */
  readonly ca: string | undefined;
  /** The process that wrote the description; undefined when it does not say. */
  readonly pid: number | undefined;
}

/**
 * The development agent of the current folder or the nearest folder above it that has one; with PERSYS_DEV_DIR, the one of that folder.
 * Undefined when there is none. Whether it still runs is not looked at.
 *
 * A folder that belongs to neither the user nor root is passed over, and so is an endpoint that is not on this machine: whoever can write
 * somewhere above the current folder, such as in /tmp, could otherwise name an agent of theirs.
 */
export async function findDevAgent(
  host: Pick<Host, "env" | "cwd" | "userId">,
): Promise<DevAgent | undefined> {
  const named = host.env["PERSYS_DEV_DIR"];
  if (named) return readDevAgent(named, host.userId);
  for (let folder = host.cwd; ; folder = dirname(folder)) {
    const agent = await readDevAgent(join(folder, ".persys", "dev"), host.userId);
    if (agent !== undefined || dirname(folder) === folder) return agent;
  }
}

/** Whether a process of this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function readDevAgent(
  dir: string,
  userId: number | undefined,
): Promise<DevAgent | undefined> {
  const description = await readOwn(join(dir, "endpoints.json"), userId);
  if (description === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(description);
  } catch {
    return undefined; // Half-written: an agent that is just starting is not there yet.
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const endpoint = "http" in parsed && typeof parsed.http === "string" ? parsed.http : undefined;
  if (endpoint === undefined || !isLoopback(endpoint)) return undefined;
  const token = (await readOwn(join(dir, "token"), userId))?.trim();
  const made = join(dir, "certs", "ca.pem");
  const isSecure = endpoint.startsWith("https:");
  const ca = isSecure && (await readOwn(made, userId)) !== undefined ? made : undefined;
  const pid = "pid" in parsed && typeof parsed.pid === "number" ? parsed.pid : undefined;
  return { dir, endpoint, token: token === "" ? undefined : token, ca, pid };
}

/** The text of a file of the user's or of root's; undefined otherwise. */
async function readOwn(path: string, userId: number | undefined): Promise<string | undefined> {
  try {
    const { uid } = await stat(path);
    if (userId !== undefined && uid !== userId && uid !== 0) return undefined;
    return await readFile(path, "utf8");
  } catch {
    return undefined; // Absent or not readable: then this is no development agent of the user's.
  }
}

/** Whether an address leads to this machine only. */
export function isLoopback(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { hostname } = new URL(endpoint);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}
