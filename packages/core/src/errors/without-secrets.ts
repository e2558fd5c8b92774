import { AgentError } from "./agent-error.ts";

/** What stands in the place of a secret, as in a redacted spec. */
const redacted = "<redacted>";

/** Shorter values are everyday words, numbers and ports: taking them out would leave nothing to read. */
const secretCharsMin = 6;

/** Causes that are followed; a longer chain goes round in a ring. */
const causesMax = 8;

/**
 * The texts among `values` that must not be said, longest first. What `known` says anyway, such as a path that the spec also names in the
 * clear, is no secret; neither is what has fewer than six characters.
 */
export function secretTexts(values: readonly unknown[], known: string): readonly string[] {
  const texts = new Set<string>();
  for (const value of values.flatMap((it) => textsIn(it))) {
    for (const text of [value, JSON.stringify(value).slice(1, -1)]) {
      if (text.length >= secretCharsMin && !known.includes(text)) texts.add(text);
    }
  }
  return [...texts].toSorted((a, b) => b.length - a.length);
}

/** `text` with `<redacted>` in the place of every secret. */
export function textWithoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((said, secret) => said.replaceAll(secret, redacted), text);
}

/**
 * The error, with `<redacted>` in the place of every secret in anything that it says, its causes included: itself where it says none. Of
 * causes their names, messages and stacks are kept.
 */
export function errorWithoutSecrets(error: AgentError, secrets: readonly string[]): AgentError {
  if (secrets.length === 0 || !saysAny(error, secrets)) return error;
  const clean = (text: string): string => textWithoutSecrets(text, secrets);
  const { fault, retryable, effect, retryAfterMs } = error;
  const details = Object.entries(error.details).map(
    ([name, value]) => [name, typeof value === "string" ? clean(value) : value] as const,
  );
  const cleaned = new AgentError(error.code, clean(error.message), {
    fault,
    retryable,
    effect,
    details: Object.fromEntries(details),
    violations: error.violations.map((it) =>
      it.seen === undefined ? it : { ...it, seen: clean(it.seen) },
    ),
    denials: error.denials.map((it) => ({
      ...it,
      seen: clean(it.seen),
      message: clean(it.message),
    })),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(error.cause === undefined ? {} : { cause: causeWithout(error.cause, clean, causesMax) }),
  });
  if (error.stack !== undefined) cleaned.stack = clean(error.stack);
  return cleaned;
}

/** Whatever an error carries besides, such as the body of an answer, is left out. */
function causeWithout(cause: unknown, clean: (text: string) => string, left: number): unknown {
  if (!(cause instanceof Error)) return clean(String(cause));
  const inner =
    cause.cause === undefined || left === 0
      ? undefined
      : causeWithout(cause.cause, clean, left - 1);
  const cleaned = new Error(
    clean(cause.message),
    inner === undefined ? undefined : { cause: inner },
  );
  cleaned.name = cause.name;
  if (cause.stack !== undefined) cleaned.stack = clean(cause.stack);
  return cleaned;
}

function saysAny(error: AgentError, secrets: readonly string[]): boolean {
  const said = textsIn(error);
  return secrets.some((secret) => said.some((text) => text.includes(secret)));
}

/** Every text in a value, however deep, those that an error hides from enumeration included. Names of members are no values. */
function textsIn(value: unknown, seen: Set<object> = new Set()): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  const members: readonly unknown[] = Object.values(value);
  const hidden = value instanceof Error ? [value.message, value.stack, value.cause] : [];
  return [...members, ...hidden].flatMap((it) => textsIn(it, seen));
}
