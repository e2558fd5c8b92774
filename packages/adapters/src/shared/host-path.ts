import { readlink, stat } from "node:fs/promises";
import { dirname } from "node:path/posix";
import { type HostPathDemand, normalisedPath, standardProtectedPaths } from "@persys/core";

/** Links that the kernel follows for one path (MAXSYMLINKS, path_resolution(7)). */
const linksMax = 40;

/** A path of this host after every symbolic link, as a demand states it. */
export type ResolvedHostPath = Required<Pick<HostPathDemand, "path" | "links" | "aliases">> &
  Pick<HostPathDemand, "unresolved">;

/** Follows one path. */
export type ResolveHostPath = (written: string) => Promise<ResolvedHostPath>;

/**
 * A resolver for the paths of one spec: it follows each as the kernel does, link by link, and takes what does not exist by its letters. `known`
 * are paths, besides the standard ones, that have to be recognised under other names, such as those that a bind mount gives them; what they
 * are is looked up once.
 */
export function hostPathResolver(known: readonly string[] = []): ResolveHostPath {
  let identities: Promise<readonly KnownPlace[]> | undefined;
  return async (written) => {
    const followed = await followLinks(written);
    identities ??= knownPlaces(known);
    return { ...followed, aliases: await aliasesOf(followed.path, await identities) };
  };
}

async function followLinks(written: string): Promise<Omit<ResolvedHostPath, "aliases">> {
  const links: string[] = [];
  // The next part is the last one.
  const rest = written.split("/").toReversed();
  let path = "";
  let stopped: string | undefined;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      continue;
    }
    const place = `${path}/${part}`;
    const found = stopped === undefined ? await linkAt(place) : { kind: "none" as const };
    if (found.kind === "link" && links.length < linksMax) {
      links.push(place);
      rest.push(...found.target.split("/").toReversed());
      if (found.target.startsWith("/")) path = "";
      continue;
    }
    path = place;
    if (found.kind === "link") stopped = "ELOOP";
    if (found.kind === "unreadable") stopped = found.errno;
    if (found.kind === "missing") stopped = "";
  }
  return { path: path === "" ? "/" : path, links, ...(stopped ? { unresolved: stopped } : {}) };
}

type Found =
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "none" | "missing" }
  | { readonly kind: "unreadable"; readonly errno: string };

async function linkAt(place: string): Promise<Found> {
  try {
    return { kind: "link", target: await readlink(place) };
  } catch (error) {
    const errno = errnoOf(error);
    // EINVAL: there is something, and it is no link (readlink(2)).
    if (errno === "EINVAL") return { kind: "none" };
    if (errno === "ENOENT" || errno === "ENOTDIR") return { kind: "missing" };
    return { kind: "unreadable", errno };
  }
}

/** A path and what it is now. */
interface KnownPlace {
  readonly place: string;
  readonly identity: string | undefined;
}

/** The folders around known paths count, too, since whoever has them has those. */
function knownPlaces(known: readonly string[]): Promise<readonly KnownPlace[]> {
  const guarded = [...standardProtectedPaths, ...known].map(normalisedPath);
  const places = new Set(guarded.flatMap((it) => [it, ...foldersAround(it)]));
  return Promise.all(
    [...places].map(async (place) => ({ place, identity: await identityOf(place) })),
  );
}

/** What `path` is besides: a file or folder has one identity however often it is mounted or linked. */
async function aliasesOf(path: string, known: readonly KnownPlace[]): Promise<readonly string[]> {
  const aliases = new Set<string>();
  for (const folder of [path, ...foldersAround(path)]) {
    // The root is what it is; every path lies in it.
    const identity = folder === "/" ? undefined : await identityOf(folder);
    if (identity === undefined) continue;
    for (const other of known) {
      if (other.identity !== identity || other.place === folder) continue;
      aliases.add(normalisedPath(`${other.place}${path.slice(folder.length)}`));
    }
  }
  aliases.delete(path);
  return [...aliases];
}

function foldersAround(path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = path; at !== "/"; ) {
    at = dirname(at);
    folders.push(at);
  }
  return folders;
}

/** Device and inode; undefined where it cannot be looked at. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // What is not there has no other name; what may not be looked at is denied where it lies on the way.
    return undefined;
  }
}

function errnoOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown";
}
