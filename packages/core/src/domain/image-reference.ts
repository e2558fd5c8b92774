import type { Parsed } from "./parsed.ts";

/**
 * What an image reference names, with what Docker fills in for a name without a registry: `busybox` is `docker.io/library/busybox`. Without
 * tag and digest, the tag `latest` is meant; none is filled in here.
 */
export interface ImageReference {
  /** `docker.io`, `registry.example:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** Within the registry: `library/busybox`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string;
}

// The grammar is that of github.com/distribution/reference, which Docker itself uses.
const domainComponent = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])`;
const domainPattern = new RegExp(`^${host}(?::[0-9]+)?$`);
const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[a-f0-9]{64}$/;
/** Docker refuses such a name, because it would read it as the id of an image. */
const imageIdPattern = /^[a-f0-9]{64}$/;

/** Longest repository, in characters: RepositoryNameTotalLengthMax of the grammar. */
const repositoryCharsMax = 255;

const defaultRegistry = "docker.io";

/** The reference in `value`, `[domain[:port]/]path[:tag][@digest]`, or every rule that it breaks, all with an empty path. */
export function parseImageReference(value: string): Parsed<ImageReference> {
  const { name, tag, digest } = split(value);
  const { registry, repository } = withDefaults(name);
  const broken: (readonly [isBroken: boolean, rule: string])[] = [
    [name === "", "must name an image, such as `busybox:1.36` or `registry.example:5000/team/app`"],
    [
      imageIdPattern.test(value),
      "must be the name of an image: 64 hex digits are the id of one, which other nodes do not know",
    ],
    [
      !domainPattern.test(registry),
      "must begin with a valid name of a registry, such as `registry.example:5000/`",
    ],
    [
      name !== "" && repository !== repository.toLowerCase(),
      "must have a path in lower case: only a registry and a tag may have upper case",
    ],
    [
      name !== "" && !repositoryPattern.test(repository.toLowerCase()),
      "must have a path of lower-case letters and digits, separated by `/`, `.`, `_`, `__` or `-`",
    ],
    [
      repository.length > repositoryCharsMax,
      `must have a path of at most ${repositoryCharsMax} characters`,
    ],
    [
      tag !== undefined && !tagPattern.test(tag),
      "must have a tag of 1 to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`",
    ],
    [
      digest !== undefined && !digestPattern.test(digest),
      "must have a digest of `sha256:` and 64 lower-case hex digits after `@`",
    ],
  ];
  const violations = broken.filter(([is]) => is).map(([, rule]) => ({ path: [], rule }));
  if (violations.length > 0) return { ok: false, violations };
  return {
    ok: true,
    value: {
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

/** The parts as they are separated, whatever is in them. A `:` before the last `/` belongs to a port. */
function split(value: string): { name: string; tag?: string; digest?: string } {
  const at = value.indexOf("@");
  const tagged = at < 0 ? value : value.slice(0, at);
  const digest = at < 0 ? {} : { digest: value.slice(at + 1) };
  const colon = tagged.lastIndexOf(":");
  if (colon < 0 || colon < tagged.lastIndexOf("/")) return { name: tagged, ...digest };
  return { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), ...digest };
}

/** The first part is a registry where it could not be part of a path: it has a `.`, a `:` or upper case, or is `localhost`. */
function withDefaults(name: string): Pick<ImageReference, "registry" | "repository"> {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isRegistry = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  const rest = isRegistry ? name.slice(slash + 1) : name;
  // `index.docker.io` is what Docker once called its hub.
  const registry = isRegistry && first !== "index.docker.io" ? first : defaultRegistry;
  const isOfficial = registry === defaultRegistry && !rest.includes("/");
  return { registry, repository: isOfficial ? `library/${rest}` : rest };
}
