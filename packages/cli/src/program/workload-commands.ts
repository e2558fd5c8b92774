import type { Command } from "commander";
import { Option } from "commander";
import type { ChangeName } from "../commands/change.ts";
import { globalOptions, type Perform } from "./global-options.ts";
import type { ComposeApply, GitFile } from "../manifest/compose-manifest.ts";
import { collect, collectVariables, timeoutMs } from "./option-values.ts";

/** How long a wait may take where nothing else is said. */
const waitTimeout = "120s";

interface WaitFlags {
  readonly wait?: boolean;
  readonly timeout: number;
}

/** Declares the commands that change workloads, or check what would: apply, lint, delete, stop, start, retry. */
export function addWorkloadCommands(root: Command, perform: Perform): void {
  root.commandsGroup("Change workloads:");
  addApply(root, perform);
  addLint(root, perform);
  addChange(root, perform, {
    name: "delete",
    summary: "delete workloads",
    description:
      "Delete workloads with all that was made for them. An id that is unknown is no error.",
    examples: ["persysctl delete hello", "persysctl delete web job --wait"],
  });
  addChange(root, perform, {
    name: "stop",
    summary: "stop workloads and keep them",
    description: "Stop workloads and keep them for a later start.",
    examples: ["persysctl stop hello --wait"],
  });
  addChange(root, perform, {
    name: "start",
    summary: "start stopped workloads",
    description: "Start workloads that were stopped, or never started.",
    examples: ["persysctl start hello --wait --timeout 30s"],
  });
  addChange(root, perform, {
    name: "retry",
    summary: "try failed workloads again now",
    description: "End the wait for the next try, or a giving-up, now.",
    examples: ["persysctl retry hello --wait"],
  });
}

function addApply(root: Command, perform: Perform): void {
  const command = root
    .command("apply")
    .summary("make workloads be as files say")
    .description(
      "Make workloads be as files say. The files are YAML or JSON and may hold several documents; if one of them is wrong, nothing is applied.",
    )
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
    )
    .option("--validate-only", "let the agent check the files, and store nothing")
    .addOption(new Option("--dry-run", "the same as --validate-only").hideHelp());
  addWaitOptions(command, "wait until they run, have completed, or have failed for good");
  addExamples(command, [
    "persysctl apply -f hello.yaml --wait",
    "persysctl apply -f web.yaml -f job.json",
    "persysctl apply -f container.yaml --wait --timeout 10m   # with time for a long pull",
    "generate-workloads | persysctl apply -f -",
    "persysctl apply -f hello.yaml --validate-only",
    "persysctl apply -f compose.yaml --type compose --id shop --env TAG=2",
    "persysctl apply --type compose --id shop --git https://git.example/team/shop.git --git-ref v2",
  ]);
  command.action(async () => {
    const options = command.opts<
      WaitFlags &
        ComposeFlags & { file?: readonly string[]; validateOnly?: boolean; dryRun?: boolean }
    >();
    const compose = composeOf(command, options);
    const { file: files = [] } = options;
    if (compose?.git === undefined && files.length === 0)
      command.error("error: required option '-f, --file <file>' not specified");
    if (compose?.git !== undefined && files.length > 0)
      command.error("error: --git and --file exclude each other");
    await perform(globalOptions(command), async (session) => {
      const { apply } = await import("../commands/apply.ts");
      return apply(session, {
        files,
        wait: options.wait === true,
        timeoutMs: options.timeout,
        validateOnly: options.validateOnly === true || options.dryRun === true,
        ...(compose === undefined ? {} : { compose }),
      });
    });
  });
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

function addLint(root: Command, perform: Perform): void {
  const command = root
    .command("lint")
    .summary("check files against the agent, and change nothing")
    .description(
      "Let the agent check files as an apply would: every rule that they break, and everything that the node's policy denies. Nothing is stored.",
    )
    .addOption(
      new Option(
        "-f, --file <file>",
        "file with workloads, - for stdin; may be given several times",
      )
        .argParser(collect)
        .makeOptionMandatory(),
    );
  addExamples(command, [
    "persysctl lint -f hello.yaml",
    "persysctl lint -f web.yaml -f job.json --json",
  ]);
  command.action(async () => {
    const { file } = command.opts<{ file: readonly string[] }>();
    await perform(globalOptions(command), async (session) => {
      const { lint } = await import("../commands/lint.ts");
      return lint(session, file);
    });
  });
}

interface ChangeDeclaration {
  readonly name: ChangeName;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
}

function addChange(root: Command, perform: Perform, declared: ChangeDeclaration): void {
  const { name, summary, description, examples } = declared;
  const command = root
    .command(name)
    .summary(summary)
    .description(description)
    .argument("<id...>", "ids of workloads");
  addWaitOptions(
    command,
    name === "delete" ? "wait until they are gone" : "wait until they have settled",
  );
  addExamples(command, examples);
  command.action(async (ids: string[]) => {
    const { wait = false, timeout } = command.opts<WaitFlags>();
    await perform(globalOptions(command), async (session) => {
      const { change } = await import("../commands/change.ts");
      return change(session, name, { ids, wait, timeoutMs: timeout });
    });
  });
}

function addWaitOptions(command: Command, description: string): void {
  command
    .option("--wait", description)
    .addOption(
      new Option("--timeout <time>", "longest wait")
        .argParser(timeoutMs)
        .default(timeoutMs(waitTimeout), waitTimeout),
    );
}

/** Shows examples below the help of a command. */
export function addExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText("after", `\nExamples:\n${examples.map((it) => `  ${it}`).join("\n")}`);
}
