import {
  type AllowedHostPath,
  goesUp,
  type HostNamespace,
  hostNamespaces,
  isWithin,
  normalisedPath,
  parseImageReference,
  parseIpRange,
  type PortRange,
  standardProtectedPaths,
} from "@persys/core";
import type { ListItem } from "./list-type.ts";

/** `/srv/data`, or `/srv/shared:ro` for reading only. */
export const hostPathItem: ListItem<AllowedHostPath> = {
  name: "absolute paths",
  rule: "an absolute path without `..`, perhaps with `:ro` behind it for reading only",
  read: (text) => {
    const readOnly = text.endsWith(":ro");
    const bare = text.replace(/:(?:ro|rw)$/, "");
    if (!isAbsolute(bare)) return undefined;
    const path = normalisedPath(bare);
    const guard = standardProtectedPaths.find((it) => isWithin(path, it));
    if (guard === undefined) return { path, readOnly };
    return { broken: `must not name ${path}: no workload gets ${guard} or anything in it` };
  },
  write: ({ path, readOnly }) => (readOnly ? `${path}:ro` : path),
};

/** The path of a device or of a folder of devices. */
export const devicePathItem: ListItem<string> = {
  name: "absolute paths",
  rule: "an absolute path without `..`",
  read: (text) => (isAbsolute(text) ? normalisedPath(text) : undefined),
  write: (path) => path,
};

/** `SYS_TIME`, `CAP_SYS_TIME` or `ALL`. */
export const capabilityItem: ListItem<string> = {
  name: "capabilities",
  rule: "the name of a capability of Linux, such as `NET_ADMIN`, or `ALL`",
  read: (text) => {
    const name = text.toUpperCase().replace(/^CAP_/, "");
    return /^[A-Z][A-Z_]{1,31}$/.test(name) ? name : undefined;
  },
  write: (name) => name,
};

/** One of the namespaces of Linux. */
export const namespaceItem: ListItem<HostNamespace> = {
  name: "namespaces",
  rule: `one of ${hostNamespaces.join(", ")}`,
  read: (text) => hostNamespaces.find((it) => it === text.toLowerCase()),
  write: (name) => name,
};

/** `127.0.0.1`, `fd00::/8`. */
export const addressItem: ListItem<string> = {
  name: "IP addresses and networks",
  rule: "an IP address, or a network such as `10.0.0.0/8`",
  read: (text) => (parseIpRange(text) === undefined ? undefined : text),
  write: (address) => address,
};

/** `443`, `8000-8100`. */
export const portRangeItem: ListItem<PortRange> = {
  name: "ports and ranges of ports",
  rule: "a port from 1 to 65535, or a range of them such as `8000-8100`",
  read: (text) => {
    const [, from = "", to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
    const [first, last] = [Number(from), Number(to)];
    return from !== "" && first >= 1 && first <= last && last <= 65_535
      ? { first, last }
      : undefined;
  },
  write: ({ first, last }) => (first === last ? String(first) : `${first}-${last}`),
};

/** `app`, `1000`, `app:33`, `self`, `any`. */
export const accountItem: ListItem<string> = {
  name: "accounts",
  rule: "`self`, `any`, the name of a user or a uid, perhaps with `:` and a gid behind it",
  read: (text) =>
    /^(?:[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?|\d{1,10})(?::\d{1,10})?$/.test(text) ? text : undefined,
  write: (account) => account,
};

/** `ghcr.io`, `registry.example:5000/team`. */
export const registryItem: ListItem<string> = {
  name: "registries",
  rule: "the name of a registry, such as `docker.io` or `registry.example:5000`, perhaps with `/` and the beginning of a path",
  read: (text) => {
    const [host = "", ...rest] = text.replace(/\/+$/, "").split("/");
    const path = rest.join("/");
    // An image of that registry and path: whatever reads references also reads this.
    const parsed = parseImageReference(`${host}/${path === "" ? "" : `${path}/`}image`);
    if (!parsed.ok || parsed.value.tag !== undefined || parsed.value.digest !== undefined)
      return undefined;
    const { registry } = parsed.value;
    const isRegistry = registry === host || host === "index.docker.io";
    return isRegistry ? `${registry}${path === "" ? "" : `/${path}`}` : undefined;
  },
  write: (registry) => registry,
};

/** `git.example`, `git.example:8443/team`, `http://git.lan`. */
export const repositoryItem: ListItem<string> = {
  name: "repositories of git",
  rule: "the name of a host, such as `git.example` or `git.example:8443`, perhaps with `http://` before it and the beginning of a path behind it",
  read: (text) => {
    const isPlain = /^(?:https?:\/\/)?[^\s/?#@\\]+(?:\/[^\s?#@\\]*)?$/.test(text);
    const full = text.includes("://") ? text : `https://${text}`;
    if (!isPlain || !URL.canParse(full)) return undefined;
    const { host, pathname, protocol } = new URL(full);
    if (protocol !== "https:" && protocol !== "http:") return undefined;
    const place = `${host}${pathname.replace(/\/+$/, "")}`;
    return protocol === "https:" ? place : `http://${place}`;
  },
  write: (repository) => repository,
};

/** A file or folder whose content workloads may be given; not everything at once. */
export const secretPathItem: ListItem<string> = {
  name: "absolute paths",
  rule: "an absolute path without `..`, other than `/`",
  read: (text) => {
    const path = isAbsolute(text) ? normalisedPath(text) : "/";
    return path === "/" ? undefined : path;
  },
  write: (path) => path,
};

/** The name of a variable that is not the agent's own. */
export const variableItem: ListItem<string> = {
  name: "names of variables",
  rule: "the name of a variable that does not begin with `PERSYS_` or `OTEL_`",
  read: (text) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && !/^(?:PERSYS|OTEL)_/.test(text) ? text : undefined,
  write: (name) => name,
};

/** `br0`: the name of an interface of Linux. */
export const bridgeItem: ListItem<string> = {
  name: "names of bridges",
  rule: "the name of an interface, 1 to 15 characters without `/` and white space",
  read: (text) => (/^[^\s/]{1,15}$/.test(text) && !/^\.{1,2}$/.test(text) ? text : undefined),
  write: (name) => name,
};

/** The name of a pool of storage, as libvirt has it. */
export const poolItem: ListItem<string> = {
  name: "names of pools",
  rule: "the name of a pool of storage of libvirt, without `/`",
  read: (text) => (/^[^\n/]{1,255}$/.test(text) ? text : undefined),
  write: (name) => name,
};

function isAbsolute(text: string): boolean {
  return text.startsWith("/") && !text.includes("\0") && !goesUp(text);
}
