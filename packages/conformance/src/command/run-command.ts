import { CommanderError } from "commander";
import type { CommandHost } from "./command-host.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { createProgram } from "./program.ts";
import { UsageError } from "./usage-error.ts";

/** Runs persys-conformance with the arguments that follow its name, and returns its exit code. It ends no process. */
export async function runCommand(args: readonly string[], host: CommandHost): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const conclude = (code: ExitCode): void => {
    exitCode = code;
  };
  try {
    await createProgram(host, conclude).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Help that was asked for is a success; anything else that commander ends with is a mistake on the command line.
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    if (error instanceof UsageError) {
      const lines = [`error: ${error.message}`, ...error.hints.map((hint) => `  ${hint}`)];
      host.stderr.write(`${lines.join("\n")}\n`);
      return exitCodes.usage;
    }
    throw error;
  }
}
