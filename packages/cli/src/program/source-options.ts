import type { Command } from "commander";
import { Option } from "commander";
import type { WorkloadSource } from "../commands/workload-source.ts";
import type { ComposeApply, GitFile } from "../manifest/compose-manifest.ts";
import { collect, collectVariables } from "./option-values.ts";

/** Declares where the workloads of a command come from: files of them, or a plain compose file here or in a repository. */
export function addSourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "-f, --file <file>",
        "file with workloads, - for stdin; may be given several times",
      ).argParser(collect),
    )
    .addOption(
      new Option(
        "--type <type>",
        "compose: the file, or what --git names, is a plain compose file, of the workload that --id names",
      ).choices(["compose"]),
    )
    .option("--id <id>", "with --type: the id of the workload")
    .option("--revision <revision>", "with --type: its revision; left out: derived from the file")
    .addOption(
      new Option(
        "--env <name=value>",
        "with --type: a variable for the file; may be given several times",
      ).argParser(collectVariables),
    )
    .option("--git <url>", "with --type: the repository that the agent fetches the file from")
    .option("--git-ref <ref>", "with --git: a branch, tag or whole commit id; left out: its head")
    .option("--git-path <path>", "with --git: where the file is; left out: compose.yaml")
    .option("--git-user <name>", "with --git-password: whom to fetch as; left out: git")
    .option(
      "--git-password <reference>",
      "with --git: where the node has the password, file:/path or env:NAME",
    );
}

/** What a command was told by the options of {@link addSourceOptions}; what does not go together ends it. */
export function sourceOf(command: Command): WorkloadSource {
  const flags = command.opts<ComposeFlags & { readonly file?: readonly string[] }>();
  const compose = composeOf(command, flags);
  const { file: files = [] } = flags;
  if (compose?.git === undefined && files.length === 0)
    command.error("error: required option '-f, --file <file>' not specified");
  if (compose?.git !== undefined && files.length > 0)
    command.error("error: --git and --file exclude each other");
  return { files, ...(compose === undefined ? {} : { compose }) };
}

interface ComposeFlags {
  readonly type?: "compose";
  readonly id?: string;
  readonly revision?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly git?: string;
  readonly gitRef?: string;
  readonly gitPath?: string;
  readonly gitUser?: string;
  readonly gitPassword?: string;
}

/** What a plain compose file lacks; undefined: files of workloads are applied, which say it themselves. */
function composeOf(command: Command, flags: ComposeFlags): ComposeApply | undefined {
  const { type, id, revision = "", env = {} } = flags;
  const git = gitOf(command, flags);
  if (type === undefined) {
    if (id !== undefined || revision !== "" || Object.keys(env).length > 0 || git !== undefined)
      command.error(
        "error: --id, --revision, --env and --git are for --type compose: files of workloads have their own",
      );
    return undefined;
  }
  if (id === undefined || id === "") command.error("error: --type compose needs --id");
  return { id: id ?? "", revision, env, ...(git === undefined ? {} : { git }) };
}

function gitOf(command: Command, flags: ComposeFlags): GitFile | undefined {
  const { git: repository, gitRef: ref = "", gitPath: path = "" } = flags;
  const { gitUser: username = "", gitPassword: password = "" } = flags;
  if (repository !== undefined) return { repository, ref, path, username, password };
  if ([ref, path, username, password].some((it) => it !== ""))
    command.error("error: --git-ref, --git-path, --git-user and --git-password are for --git");
  return undefined;
}
