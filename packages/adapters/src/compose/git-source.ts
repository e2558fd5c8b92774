import { secretValueOf, type RepositoryDemand, type Violation } from "@persys/core";
import { z } from "zod";

/** A compose file in a repository of git, as a user names it. What is left out has the default named here. */
export interface GitSource {
  /** `https://git.example/team/shop.git`, without user and password; `http:` where the node allows it. */
  readonly repository: string;
  /** A branch, a tag, the full name of either, or a whole commit id. Default: what the repository itself calls its head. */
  readonly ref?: string | undefined;
  /** Where the file is in the repository. Default: the first that is there of {@link usualPaths}. */
  readonly path?: string | undefined;
  /** Default `git`: hosts that take tokens do not look at it. */
  readonly username?: string | undefined;
  /** Where the password or the token is found: `file:` and an absolute path, or `env:` and the name of a variable. */
  readonly password?: string | undefined;
}

/** What was fetched: everything that tells which file it is. */
export interface GitOrigin {
  readonly repository: string;
  /** As it was asked for; empty: the head. */
  readonly ref: string;
  readonly path: string;
  /** What `ref` stood for when the revision was prepared. */
  readonly commit: string;
}

/** Where a compose file is looked for, in this order (compose-spec, "The Compose file"). */
export const usualPaths: readonly string[] = [
  "compose.yaml",
  "compose.yml",
  "docker-compose.yaml",
  "docker-compose.yml",
];

/** A whole id of a commit (SHA-1). */
export const commitPattern: RegExp = /^[0-9a-f]{40}$/;

/** A name, or an address. */
const hostPattern = /^(?:\[[0-9a-f:.]+\]|(?:[a-z0-9_][\w-]*\.)*[a-z0-9_][\w-]*\.?)$/;

const repository = z
  .string()
  .max(2_048)
  .refine((it) => /^https?:\/\//.test(it) && URL.canParse(it) && hasPath(it), {
    error: "must be the address of a repository that begins with https://",
  })
  .refine((it) => !URL.canParse(it) || !hasUser(it), {
    error:
      "must not hold a user or a password: name them by username and password, the latter as a reference",
  })
  .refine((it) => !/^https?:\/\//.test(it) || isPlainPath(it), {
    error:
      "must be written in letters, digits and `._~/+@-`, without `..`: hosts read other addresses in ways of their own",
  });

/** Names as git takes them (git-check-ref-format(1)), in letters that need no escape anywhere. */
const ref = z
  .string()
  .max(255)
  .regex(/^(?:[A-Za-z0-9_][\w.+@#/-]*)?$/, {
    error: "must be the name of a branch or a tag, or the whole id of a commit",
  })
  .refine((it) => !/\.\.|\/\/|\/\.|[./]$|\.lock(?:\/|$)/.test(it), {
    error:
      "must be a name that git takes: no `..`, `//` or `/.`, and no `.`, `/` or `.lock` at its end",
  });

const path = z
  .string()
  .max(1_024)
  .refine((it) => !/\p{Cc}|\\/u.test(it), { error: "must not hold control characters or `\\`" })
  .refine((it) => it === "" || it.split("/").every((part) => !["", ".", ".."].includes(part)), {
    error: "must be the path of a file in the repository: no `/` at either end, no `.` and no `..`",
  });

/** The form of a {@link GitSource}. */
export const gitSourceSchema: z.ZodType<GitSource> = z.strictObject({
  repository,
  ref: ref.optional(),
  path: path.optional(),
  username: z
    .string()
    .max(256)
    .regex(/^[^\p{Cc}:]*$/u, { error: "must not hold `:` or control characters" })
    .optional(),
  password: z
    .string()
    .max(4_096)
    .refine((it) => it === "" || secretValueOf(it).kind !== "literal", {
      error:
        "must be a reference, `file:` with an absolute path or `env:` with a name: passwords do not stand in specs",
    })
    .optional(),
});

/** A source without what says nothing. */
export function plainGitSource(source: GitSource): Readonly<Record<string, string>> {
  const members = Object.entries(source);
  return Object.fromEntries(members.filter((it): it is [string, string] => Boolean(it[1])));
}

/** What it asks of the node to have the file from there, once it has been fetched. */
export function repositoryOf(source: GitSource): RepositoryDemand {
  return { url: urlOf(source), field: "git.repository" };
}

/** What fetching it asks of the node. */
export function fetchedRepositoryOf(source: GitSource): RepositoryDemand {
  const demand = repositoryOf(source);
  return source.password ? { ...demand, sendsPassword: true } : demand;
}

/** The address of the repository, normalised. */
export function urlOf({ repository: text }: GitSource): string {
  return new URL(text).href;
}

/** Whether others can read what is sent there: over HTTP without TLS, and to another machine. */
export function isReadOnTheWay(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hostname, protocol } = new URL(text);
  return protocol === "http:" && !/^(?:127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** What keeps it from being fetched, whatever the node: checked when it is asked for, and again before it is fetched. */
export function fetchViolations({
  password,
  repository: text,
}: Pick<GitSource, "password" | "repository">): readonly Violation[] {
  const violations: Violation[] = [];
  // Curl reads other signs before a name its own way, where it is told the addresses of that (CURLOPT_RESOLVE(3)).
  if (URL.canParse(text) && !hostPattern.test(new URL(text).hostname))
    violations.push({
      path: ["git", "repository"],
      rule: "must name its host in letters, digits, `_` and `-`, which no part of the name begins with",
    });
  // Tests and tunnels are on this machine.
  if (password && isReadOnTheWay(text))
    violations.push({
      path: ["git", "password"],
      rule: "must not be there for a repository over http://: it could be read on the way",
    });
  return violations;
}

function hasPath(text: string): boolean {
  return new URL(text).pathname !== "/";
}

function hasUser(text: string): boolean {
  const { username, password } = new URL(text);
  return username !== "" || password !== "" || text.split("/")[2]?.includes("@") === true;
}

/** Servers decode and shorten paths differently, and policies speak of paths. */
function isPlainPath(text: string): boolean {
  return /^https?:\/\/[^/\\?#\s]+\/(?!.*\.\.)[\w.~/+@-]+$/.test(text);
}
