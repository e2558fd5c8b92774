import { CommanderError } from "commander";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import type { Host } from "./host.ts";
import { createOutput } from "./output.ts";
import { createProgram } from "./program/program.ts";
import type { Perform } from "./program/global-options.ts";
import { reportFailure } from "./report-failure.ts";
import { createSession } from "./session.ts";

/** Runs persysctl with the arguments that follow its name, and returns its exit code. It throws nothing and ends no process. */
export async function run(args: readonly string[], host: Host): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const perform: Perform = async (globals, work) => {
    const { color, quiet, json } = globals;
    const session = createSession(host, createOutput(host, { color, quiet, json }), globals);
    try {
      exitCode = await work(session);
    } catch (error) {
      exitCode = (await reportFailure(session, error)).exitCode;
    }
  };
  try {
    await createProgram(perform, host).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for is a success; anything else that commander ends with is a mistake on the command line.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}
