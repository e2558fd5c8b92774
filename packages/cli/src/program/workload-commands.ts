import type { Command } from "commander";
import { Option } from "commander";
import type { ChangeName } from "../commands/change.ts";
import { globalOptions, type Perform } from "./global-options.ts";
import { timeoutMs } from "./option-values.ts";
import { addSourceOptions, sourceOf } from "./source-options.ts";

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
    );
  addSourceOptions(command)
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
    const options = command.opts<WaitFlags & { validateOnly?: boolean; dryRun?: boolean }>();
    const source = sourceOf(command);
    await perform(globalOptions(command), async (session) => {
      const { apply } = await import("../commands/apply.ts");
      return apply(session, {
        source,
        wait: options.wait === true,
        timeoutMs: options.timeout,
        validateOnly: options.validateOnly === true || options.dryRun === true,
      });
    });
  });
}

function addLint(root: Command, perform: Perform): void {
  const command = root
    .command("lint")
    .summary("check files against the agent, and change nothing")
    .description(
      "Let the agent check files as an apply would: every rule that they break, and everything that the node's policy denies. Nothing is stored.",
    );
  addSourceOptions(command);
  addExamples(command, [
    "persysctl lint -f hello.yaml",
    "persysctl lint -f web.yaml -f job.json --json",
    "persysctl lint -f compose.yaml --type compose --id shop --env TAG=2",
  ]);
  command.action(async () => {
    const source = sourceOf(command);
    await perform(globalOptions(command), async (session) => {
      const { lint } = await import("../commands/lint.ts");
      return lint(session, source);
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
