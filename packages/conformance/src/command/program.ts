import { Command } from "commander";
import { kitVersion } from "../runner/kit-version.ts";
import type { CommandHost } from "./command-host.ts";
import type { Conclude } from "./exit-codes.ts";
import { addApiCommand } from "./api-command.ts";
import { addCrashMatrixCommand } from "./crash-matrix-command.ts";
import { addListCommand } from "./list-command.ts";
import { addRuntimeCommand } from "./runtime-command.ts";
import { addSimCommand } from "./sim-command.ts";
import { addStoreCommand } from "./store-command.ts";

/** The command line as commander knows it: names, options, help. It throws CommanderError instead of ending the process. */
export function createProgram(host: CommandHost, conclude: Conclude): Command {
  const program = new Command("persys-conformance")
    .description(
      "Judges runtimes, state stores and servers by the contracts that they have with Persys.",
    )
    .usage("<command> [options]")
    .version(kitVersion(), "-V, --version", "show the version of the kit")
    .helpOption("-h, --help", "show help")
    .exitOverride()
    .showHelpAfterError("(--help shows what there is)")
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
    });
  addRuntimeCommand(program, host, conclude);
  addStoreCommand(program, host, conclude);
  addApiCommand(program, host, conclude);
  addSimCommand(program, host, conclude);
  addCrashMatrixCommand(program, host, conclude);
  addListCommand(program, host);
  program.helpCommand("help [command]", "show help for a command");
  program.addHelpText("after", rootHelp);
  return program;
}

const rootHelp = `
Exit codes:
    0  every clause that was judged is kept, or broken as expected
    1  a clause is broken, or one that was expected to be broken is kept
    2  the command line, a file or the subject cannot be used; nothing was judged
  130  interrupted

Examples:
  persys-conformance runtime --module ./my-runtime.js
  persys-conformance store --module ./my-store.ts --seeds 20
  persys-conformance api --endpoint http://127.0.0.1:50052 --protocol grpc --token-file token
  persys-conformance crash-matrix
  persys-conformance list runtime`;
