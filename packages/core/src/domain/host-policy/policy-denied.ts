import { AgentError } from "../../errors/agent-error.ts";
import type { Denial } from "../../errors/denial.ts";

/** Room in the message, which a status keeps, in characters; the error itself has every denial. */
const messageCharsMax = 2_048;

/**
 * The error of a spec that asks for more than the node gives: nothing was done, and nothing changes it but another spec or another policy; or, where
 * that is said, the world around it (what a name stands for).
 */
export function policyDenied(
  denials: readonly Denial[],
  { retryable = false }: { readonly retryable?: boolean } = {},
): AgentError {
  const settings = [...new Set(denials.flatMap(({ setting }) => setting ?? []))];
  return new AgentError("POLICY_DENIED", `the node's policy denies ${listed(denials)}`, {
    fault: "user",
    retryable,
    effect: "none",
    denials,
    details: {
      rules: [...new Set(denials.map(({ rule }) => rule))].join(","),
      ...(settings.length === 0 ? {} : { settings: settings.join(",") }),
    },
  });
}

function listed(denials: readonly Denial[]): string {
  let text = "";
  for (const [at, { field, seen, message }] of denials.entries()) {
    const next = `${at === 0 ? "" : `${text}; `}${field} ${seen}: ${message}`;
    if (next.length > messageCharsMax)
      return at === 0 ? next.slice(0, messageCharsMax) : `${text}; and ${denials.length - at} more`;
    text = next;
  }
  return text;
}
