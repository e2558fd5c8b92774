/** The command cannot begin: the user is told so in a sentence, and what to do about it in the hints, a line each. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hints: readonly string[];

  constructor(message: string, options: { hints?: readonly string[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.hints = options.hints ?? [];
  }
}
