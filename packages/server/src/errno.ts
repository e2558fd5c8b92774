import { AgentError } from "@persys/core";

/** The code of the system in `error` or in what caused it, such as `ENOENT`; empty when there is none. */
export function errnoOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!AgentError.is(at) && "code" in at) return String(at.code);
  }
  return "";
}
