import type { ExitCode } from "./exit-code.ts";

/** What a CliError says beyond its message. */
export interface CliErrorOptions {
  /** What to do next, a line each. */
  readonly hints?: readonly string[];
  /** The single problems, a line each, such as `hello.yaml:3:5: spec.process.command: is required`. */
  readonly problems?: readonly string[];
  /** The code of the contract (`not_found`, …) where an agent's answer is behind it. */
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

/** An end of a command that the user is told about in a sentence: no stack trace, the exit code says which kind it is. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  readonly hints: readonly string[];
  readonly problems: readonly string[];
  readonly code: string | undefined;

  constructor(exitCode: ExitCode, message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = exitCode;
    this.hints = options.hints ?? [];
    this.problems = options.problems ?? [];
    this.code = options.code;
  }
}
