import { AgentError } from "./agent-error.ts";
import type { SecretTexts } from "./secret-texts.ts";
import { textsIn } from "./texts-in.ts";

/** Causes that are followed; a longer chain goes round in a ring. */
const causesMax = 8;

/**
 * The error, with `<redacted>` in the place of every secret in anything that it says, its causes included: itself where it says none. Of
 * causes their names, messages and stacks are kept.
 */
export function errorWithoutSecrets(error: AgentError, secrets: SecretTexts): AgentError {
  if (!textsIn(error).some((text) => secrets.isSaidBy(text))) return error;
  const clean = (text: string): string => secrets.cleaned(text);
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
