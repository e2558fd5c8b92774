import type { Violation } from "../errors/agent-error.ts";

/** A value that follows its rules, or every rule that the input breaks (at least one). */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly Violation[] };
