import { type Role, roles, type WorkloadScope } from "@persys/transports";
import { parseDocument } from "yaml";
import { z } from "zod";

/** Gives whoever has one of the names a role. */
export interface AccessRule {
  /**
   * Names in the form of a certificate or token: `spiffe://…`, `cn:…`, `dns:…`, `ou:…`, `token:…`, `sub:…`, `group:…`. One without a kind is
   * a common name or a DNS name.
   */
  readonly who: readonly string[];
  readonly role: Role;
  /** Left out: all workloads. */
  readonly workloads?: WorkloadScope;
}

/** A bearer token that is known by its digest alone. */
interface KnownToken {
  readonly name: string;
  /** Of the token's text, in hexadecimal. */
  readonly sha256: string;
}

/** Whose JSON web tokens are believed. */
export interface JwtIssuer {
  /**
   * Tells its names from those of other issuers: `sub:NAME/subject`, `group:NAME/group`. Left out, where there is but one issuer: `sub:subject`,
   * `group:group`.
   */
  readonly name?: string;
  readonly issuer: string;
  readonly audience: string;
  /** Path of the file with the issuer's public keys (JWKS). */
  readonly jwksFile: string;
  /** The claim that lists groups. */
  readonly groupsClaim: string;
}

/** Who may do what on this node. The first rule that fits a caller counts; whom none fits may do nothing. */
export interface AccessPolicy {
  readonly rules: readonly AccessRule[];
  readonly tokens: readonly KnownToken[];
  readonly jwt: readonly JwtIssuer[];
}

/** The name of the token in the agent's token file. No other token may have it. */
export const agentTokenName = "token";

const name = z.string().trim().min(1).max(2_048);

const scope: z.ZodType<WorkloadScope> = z
  .strictObject({
    ids: z.array(name).exactOptional(),
    labels: z.record(name, z.string()).exactOptional(),
  })
  .readonly()
  .refine(
    ({ ids, labels = {} }) => ids !== undefined || Object.keys(labels).length > 0,
    "names neither ids nor labels; leave it out for all workloads",
  );

const issuer = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must be letters, digits, _ . -")
    .exactOptional(),
  issuer: name,
  audience: name,
  jwksFile: z.string().startsWith("/", "must be an absolute path"),
  groupsClaim: name.default("groups"),
});

const policy = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        who: z.array(name).min(1),
        role: z.enum(roles),
        workloads: scope.exactOptional(),
      }),
    )
    .default([]),
  tokens: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must be letters, digits, _ . -")
          .refine((it) => it !== agentTokenName, "is that of the agent's own token"),
        sha256: z
          .string()
          .toLowerCase()
          .regex(
            /^[0-9a-f]{64}$/,
            "must be 64 hexadecimal digits; persys-agent token new makes them",
          ),
      }),
    )
    .default([]),
  jwt: z.array(issuer).default([]),
});

/** A policy, or every rule that the text breaks, each naming its place. */
export type ReadPolicy =
  | { readonly ok: true; readonly policy: AccessPolicy }
  | { readonly ok: false; readonly problems: readonly string[] };

/** As many aliases as a policy that people write may have: beyond that it is one that grows without end. */
const aliasesMax = 100;

/** What has to be the last line of the file: YAML's own end of a document. */
const endMark = "...";

/**
 * Reads the YAML text of an access file. One that does not end in its end mark is none: what is left of a file of which only a part was written, or
 * is left, may give more than the whole, such as a role without the workloads that it is for.
 */
export function readPolicy(text: string): ReadPolicy {
  if (text.trimEnd().split("\n").at(-1)?.trimEnd() !== endMark) {
    const problem = `the last line must be ${endMark} (three dots), which says that the file is whole: add it, with nothing behind it`;
    return { ok: false, problems: [problem] };
  }
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map(({ message }) => firstLine(message)) };
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: aliasesMax }) ?? {};
  } catch (error) {
    return { ok: false, problems: [firstLine(error instanceof Error ? error.message : "")] };
  }
  const parsed = policy.safeParse(content);
  if (parsed.success) {
    const problems = issuerProblems(parsed.data);
    return problems.length > 0 ? { ok: false, problems } : { ok: true, policy: parsed.data };
  }
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`),
  };
}

/** What would let one issuer of web tokens speak for callers of another, or leave a rule without anybody. */
function issuerProblems({ jwt, rules }: AccessPolicy): readonly string[] {
  const issuers = new Set(jwt.map((it) => it.issuer));
  const named = jwt.filter((it) => it.name !== undefined);
  if (issuers.size <= 1 && named.length === 0) return [];
  const problems: string[] = [];
  const byName = new Map<string, string>();
  for (const [at, one] of jwt.entries()) {
    const there = one.name === undefined ? undefined : byName.get(one.name);
    if (one.name === undefined) {
      const rule =
        "is required where there are several issuers: each then has its own sub:NAME/… and group:NAME/…";
      problems.push(`jwt[${at}].name: ${rule}`);
    } else if (there !== undefined && there !== one.issuer) {
      problems.push(`jwt[${at}].name: is that of ${there} already`);
    } else byName.set(one.name, one.issuer);
  }
  for (const [at, { who }] of rules.entries()) {
    for (const one of who) {
      const [, kind = "", of] = /^(sub|group):(?:([^/]*)\/)?/.exec(one) ?? [];
      if (kind === "" || (of !== undefined && byName.has(of))) continue;
      const rule = `"${one}" names no issuer: ${kind}:NAME/…, NAME being one of ${[...byName.keys()].join(", ")}`;
      problems.push(`rules[${at}].who: ${rule}`);
    }
  }
  return problems;
}

/** The rule that fits a caller with these names. */
export function ruleFor(
  { rules }: Pick<AccessPolicy, "rules">,
  names: readonly string[],
): AccessRule | undefined {
  return rules.find(({ who }) => who.some((one) => names.some((it) => isNamed(it, one))));
}

/** Whether a caller's name is the one in a rule. */
function isNamed(callers: string, rules: string): boolean {
  if (callers === rules) return true;
  return hasKind(rules)
    ? false
    : callers === `cn:${rules}` || callers === `dns:${rules.toLowerCase()}`;
}

/** Those of callers, and that of the agent itself, which no caller is to be taken for. */
const kinds = ["agent:", "spiffe:", "cn:", "dns:", "ou:", "token:", "sub:", "group:"];

/** Whether a name says what kind of name it is. */
export function hasKind(text: string): boolean {
  return kinds.some((kind) => text.startsWith(kind));
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the file";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .slice(1);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
