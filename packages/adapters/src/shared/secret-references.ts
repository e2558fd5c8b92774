import {
  AgentError,
  type Demands,
  type SecretReference,
  type SecretSource,
  secretValueOf,
} from "@persys/core";
import { hostPathResolver } from "./host-path.ts";

type Environment = Readonly<Record<string, string>>;

/**
 * The environment with what its values stand for, found now. The answer is kept nowhere. A secret is never in an error: what is missing is
 * named by its reference.
 * @throws {AgentError} SECRET_UNAVAILABLE, retryable, effect none; POLICY_DENIED.
 */
export async function resolvedEnvironment(
  env: Environment | undefined,
  source: SecretSource | undefined,
  signal: AbortSignal,
): Promise<Environment> {
  const resolved: [string, string][] = [];
  for (const [name, value] of Object.entries(env ?? {})) {
    const meant = secretValueOf(value);
    const text =
      meant.kind === "literal" ? meant.text : await read(name, meant, { source, signal });
    resolved.push([name, text]);
  }
  return Object.fromEntries(resolved);
}

/**
 * The files and variables that an environment refers to, which is the member `member` of its spec. Links are followed; `known` are paths to be
 * recognised under other names.
 */
export async function secretDemandsOf(
  env: Environment | undefined,
  known: readonly string[] = [],
  member = "env",
): Promise<Pick<Demands, "secretFiles" | "secretVariables">> {
  const meant = Object.entries(env ?? {}).map(([name, value]) => ({
    field: `${member}.${name}`,
    reference: secretValueOf(value),
  }));
  const files = meant.flatMap(({ field, reference }) =>
    reference.kind === "file" ? [{ field, written: reference.path }] : [],
  );
  const secretVariables = meant.flatMap(({ field, reference }) =>
    reference.kind === "variable" ? [{ field, name: reference.name }] : [],
  );
  const resolve = hostPathResolver(known);
  const secretFiles = await Promise.all(
    files.map(async (file) => ({ ...file, ...(await resolve(file.written)) })),
  );
  return {
    ...(secretFiles.length === 0 ? {} : { secretFiles }),
    ...(secretVariables.length === 0 ? {} : { secretVariables }),
  };
}

async function read(
  name: string,
  reference: SecretReference,
  by: { readonly source: SecretSource | undefined; readonly signal: AbortSignal },
): Promise<string> {
  if (by.source !== undefined) return by.source.read(reference, by.signal);
  throw new AgentError(
    "SECRET_UNAVAILABLE",
    `env.${name} refers to a ${reference.kind}, and this runtime was given no source of secrets`,
    { retryable: true, effect: "none" },
  );
}
