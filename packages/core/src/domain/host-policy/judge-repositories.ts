import type { RepositoryDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import type { HostPolicyRules, HostPolicySettingNames } from "./host-policy-rules.ts";
import { carriedAddress, holdsRange, type IpRange, parseIpRange } from "./ip-range.ts";

/** What a node's rules say of the repositories of git that a spec is fetched from. */
export function judgeRepositories(
  demands: readonly RepositoryDemand[],
  { gitRepositories: allowed }: HostPolicyRules,
  { gitRepositories: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  return demands.flatMap((demand) => {
    const why = whyDenied(demand, allowed);
    if (why === undefined) return [];
    const { url, field } = demand;
    const message = `${why}, or add ${entryOf(url)} to ${setting} on the node`;
    return [{ rule: "git-repository", field, seen: shortened(url), message, setting }];
  });
}

function whyDenied(
  demand: RepositoryDemand,
  allowed: readonly string[] | "any",
): string | undefined {
  const place = placeOf(demand.url);
  if (allowed === "any") return whyNotAny(place, demand);
  const isNamed = place !== undefined && allowed.some((entry) => isWithin(place, entry));
  return isNamed ? undefined : `${whatIsAllowed(allowed)}: use one of those`;
}

/** Whoever may apply chooses what is reached where all is allowed: so neither what only this node reaches, nor what is sent secrets. */
function whyNotAny(
  place: Place | undefined,
  { addresses = [], ownAddresses = [], sendsPassword = false }: RepositoryDemand,
): string | undefined {
  if (place?.scheme !== "https")
    return "repositories are fetched over TLS (https://) alone: use such a one";
  const host = place.host.replace(/:\d+$/, "");
  const own = [...standardOwnAddresses, ...ownAddresses.flatMap(rangeOf)];
  const isOwn = isOwnAddress(host, own) ?? false;
  if (ownNames.test(host) || isOwn || addresses.some((it) => isOwnAddress(it, own) ?? true))
    return "what is on this machine or next to it is fetched from only where it is named: use another repository";
  return sendsPassword
    ? "passwords are sent only to hosts that are named: use a repository that is for everybody"
    : undefined;
}

function isWithin(repository: Place, entry: string): boolean {
  const place = placeOf(entry.includes("://") ? entry : `https://${entry}`);
  return (
    place !== undefined &&
    place.scheme === repository.scheme &&
    place.host === repository.host &&
    isWithinPath(repository.path, place.path)
  );
}

/**
 * Scheme, host with its port, and path. Of signs only those that every server reads alike: what is escaped, goes up or has parameters may lead
 * elsewhere than it says.
 */
const addressPattern = /^(https?):\/\/([^/?#@\\\s%;]+)(\/(?!.*\.\.)[\w.~/+@-]*)?$/i;

/** Names of this machine (RFC 6761, 6.3). */
const ownNames = /^(?:.*\.)?localhost\.?$/;

/** Addresses that only mean something on this machine or next to it: unspecified, of loopback, link-local. */
const standardOwnAddresses: readonly IpRange[] = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "::/127",
  "fe80::/10",
].flatMap((it) => parseIpRange(it) ?? []);

/** Undefined: it is no address. */
function isOwnAddress(text: string, own: readonly IpRange[]): boolean | undefined {
  const [address] = rangeOf(text);
  if (address === undefined) return undefined;
  const carried = carriedAddress(address);
  return own.some(
    (it) => holdsRange(it, address) || (carried !== undefined && holdsRange(it, carried)),
  );
}

/** Without the zone that it may have. */
function rangeOf(text: string): readonly IpRange[] {
  const range = parseIpRange(text.replace(/%.*$/, ""));
  return range === undefined ? [] : [range];
}

interface Place {
  readonly scheme: string;
  /** In lower case, with the port where it is not the usual one. */
  readonly host: string;
  /** Without `/` at either end. */
  readonly path: string;
}

function placeOf(text: string): Place | undefined {
  const [, scheme = "", host = "", path = ""] = addressPattern.exec(text) ?? [];
  if (host === "") return undefined;
  const trimmed = path.replaceAll(/^\/+|\/+$/g, "");
  return { scheme: scheme.toLowerCase(), host: host.toLowerCase(), path: trimmed };
}

/** Part by part; `.git` behind a repository's name is a matter of spelling. */
function isWithinPath(path: string, allowed: string): boolean {
  return (
    allowed === "" ||
    path === allowed ||
    path === `${allowed}.git` ||
    path.startsWith(`${allowed}/`)
  );
}

function whatIsAllowed(allowed: readonly string[]): string {
  if (allowed.length === 0) return "this node fetches from no repository of git";
  const more = allowed.length > 5 ? ", …" : "";
  return `this node fetches repositories only from ${allowed.slice(0, 5).join(", ")}${more}`;
}

/** What would allow it: its host, and whatever is not over TLS only as it is. */
function entryOf(url: string): string {
  const place = placeOf(url);
  if (place === undefined) return "it";
  return place.scheme === "https" ? place.host : `${place.scheme}://${place.host}`;
}
