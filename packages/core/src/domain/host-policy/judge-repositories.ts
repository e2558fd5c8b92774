import type { RepositoryDemand } from "../demands.ts";
import { type RuleDenial, shortened } from "./denial.ts";
import type { HostPolicyRules, HostPolicySettingNames } from "./host-policy-rules.ts";

/** What a node's rules say of the repositories of git that a spec is fetched from. */
export function judgeRepositories(
  demands: readonly RepositoryDemand[],
  { gitRepositories: allowed }: HostPolicyRules,
  { gitRepositories: setting }: HostPolicySettingNames,
): readonly RuleDenial[] {
  return demands
    .filter(({ url }) => !isAllowed(url, allowed))
    .map(({ url, field }) => {
      const message = `${whatIsAllowed(allowed)}: use one of those, or add ${entryOf(url)} to ${setting} on the node`;
      return { rule: "git-repository", field, seen: shortened(url), message, setting };
    });
}

function isAllowed(url: string, allowed: readonly string[] | "any"): boolean {
  const repository = placeOf(url);
  if (repository === undefined) return false;
  if (allowed === "any") return repository.scheme === "https" && !ownHost.test(repository.host);
  return allowed.some((entry) => {
    const place = placeOf(entry.includes("://") ? entry : `https://${entry}`);
    return (
      place !== undefined &&
      place.scheme === repository.scheme &&
      place.host === repository.host &&
      isWithinPath(repository.path, place.path)
    );
  });
}

/**
 * Scheme, host with its port, and path. Of signs only those that every server reads alike: what is escaped, goes up or has parameters may lead
 * elsewhere than it says.
 */
const addressPattern = /^(https?):\/\/([^/?#@\\\s%;]+)(\/(?!.*\.\.)[\w.~/+@-]*)?$/i;

/** Names of this machine, and addresses that only mean something on it or next to it: they have to be named. */
const ownHost =
  /^(?:localhost|.*\.localhost|127\..*|0\..*|169\.254\..*|\[(?:::|fe80:).*\])\.?(?::\d+)?$/;

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

function whatIsAllowed(allowed: readonly string[] | "any"): string {
  if (allowed === "any") return "repositories are fetched over TLS (https://) alone";
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
