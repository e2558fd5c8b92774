import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-code.ts";
import type { Session } from "./session.ts";
import { safeLine, safeText } from "./text/safe-text.ts";

/** Tells the user what went wrong, on stderr, as text or with --json as JSON, and returns it in its final form. */
export async function reportFailure(
  session: Session,
  error: unknown,
  subject = "",
): Promise<CliError> {
  const failure = await describeFailure(session, error);
  const { out } = session;
  // Who presses Ctrl-C knows why it ended; the exit code tells scripts.
  if (failure.exitCode === exitCodes.interrupted) return failure;
  const message = subject === "" ? failure.message : `${subject}: ${failure.message}`;
  if (out.flags.json) {
    const { code, problems, hints, exitCode } = failure;
    const body = { message, ...(code === undefined ? {} : { code }), problems, hints, exitCode };
    await out.raw(`${JSON.stringify({ error: body })}\n`, "stderr");
    return failure;
  }
  const { bad, faint } = out.errorPalette;
  const lines = [
    ...failure.problems.map((problem) => safeLine(problem)),
    `${bad("error:")} ${safeText(message)}`,
    ...failure.hints.map((hint) => faint(`  ${safeLine(hint)}`)),
  ];
  await out.raw(`${lines.join("\n")}\n`, "stderr");
  return failure;
}

/** Any error as one with an exit code. What is neither the user's nor the agent's doing keeps its text. */
async function describeFailure(session: Session, error: unknown): Promise<CliError> {
  const { host } = session;
  if (host.signal.aborted) {
    return new CliError(exitCodes.interrupted, "interrupted", { cause: error });
  }
  if (error instanceof CliError) return error;
  const connection = session.connection();
  if (connection !== undefined) {
    const [{ explainError, isCallError }, { callFailure }] = await Promise.all([
      import("@persys/client"),
      import("./failure.ts"),
    ]);
    if (isCallError(error)) return callFailure(explainError(error), connection);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(exitCodes.failure, message, { cause: error });
}
