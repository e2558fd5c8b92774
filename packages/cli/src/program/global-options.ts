import type { Command } from "commander";
import type { ExitCode } from "../exit-code.ts";
import type { OutputFlags } from "../output.ts";
import type { Session } from "../session.ts";
import type { ConnectionFlags } from "../settings/places.ts";

/** The options that every command takes. */
export type GlobalOptions = ConnectionFlags & OutputFlags;

/** As commander gives them: a flag that was not given is left out. */
type GivenOptions = ConnectionFlags & Partial<OutputFlags>;

/** Runs the work of a command in a session made from its global options, and takes note of its exit code. */
export type Perform = (
  globals: GlobalOptions,
  work: (session: Session) => Promise<ExitCode>,
) => Promise<void>;

/** Declares the global options on the root. They may stand before or after the name of the command. */
export function addGlobalOptions(root: Command): void {
  root
    .optionsGroup("Agent to talk to:")
    .option("--endpoint <url>", "address of the agent, such as http://127.0.0.1:50052")
    .option("--token-file <file>", "file with the bearer token")
    .option("--token <token>", "bearer token; others on this machine may see it: prefer a file")
    .option("--ca <file>", "authorities to trust over https, PEM; default: those that Node knows")
    .option("--cert <file>", "your certificate, PEM, to sign in with over https")
    .option("--key <file>", "the private key of that certificate, PEM")
    .option("--context <name>", "context to take all of that from")
    .optionsGroup("Output:")
    .option("--json", "results, and errors on stderr, as JSON")
    .option("-q, --quiet", "no progress and no remarks")
    .option("--no-color", "no colours, as with NO_COLOR");
}

/** The global options as given to `command` or any command above it. */
export function globalOptions(command: Command): GlobalOptions {
  const {
    color = true,
    quiet = false,
    json = false,
    ...connection
  } = command.optsWithGlobals<GivenOptions>();
  return { ...connection, color, quiet, json };
}
