import { Command } from "commander";
import { exitCodeHelp } from "../exit-code.ts";
import type { OutputStream } from "../host.ts";
import { ownVersion } from "../own-version.ts";
import { addGlobalOptions, type Perform } from "./global-options.ts";
import { addInsightCommands } from "./insight-commands.ts";
import { addSettingsCommands } from "./settings-commands.ts";
import { addWorkloadCommands } from "./workload-commands.ts";

/**
 * The command line as commander knows it: names, options, help. Only this is loaded for `--help` and for mistakes; what a command does is
 * imported when it runs. It throws CommanderError instead of ending the process.
 */
export function createProgram(
  perform: Perform,
  streams: { readonly stdout: OutputStream; readonly stderr: OutputStream },
): Command {
  const root = new Command("persysctl")
    .description("Applies workloads to a machine through its Persys agent, and shows how they are.")
    .usage("<command> [options]")
    .version(ownVersion(), "-V, --version", "show the version of persysctl")
    .helpOption("-h, --help", "show help")
    .exitOverride()
    .showHelpAfterError("(--help shows what there is)")
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void streams.stderr.write(text),
    })
    .configureHelp({ showGlobalOptions: true });
  addGlobalOptions(root);
  addWorkloadCommands(root, perform);
  addInsightCommands(root, perform);
  addSettingsCommands(root, perform);
  root.helpCommand("help [command]", "show help for a command");
  root.addHelpText("after", rootHelp());
  return root;
}

function rootHelp(): string {
  const codes = exitCodeHelp.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `
The agent is the one of, first found: --endpoint; --context; PERSYS_ENDPOINT; PERSYS_CONTEXT or the current context;
the development agent (.persys/dev, or PERSYS_DEV_DIR) of this folder or one above. To sign in: --token-file, --token,
or --cert with --key; PERSYS_TOKEN_FILE, PERSYS_TOKEN, or PERSYS_CERT_FILE with PERSYS_KEY_FILE; or what belongs to the
context or development agent. Trusted over https: --ca, PERSYS_CA_FILE, or likewise.

Exit codes:
${codes.join("\n")}

Examples:
  persysctl apply -f hello.yaml --wait
  persysctl get
  persysctl logs hello -f
  persysctl describe hello
  persysctl delete hello --wait`;
}
