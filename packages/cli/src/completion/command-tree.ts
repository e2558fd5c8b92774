import type { Argument, Command, Option } from "commander";

/** What can stand for the value of an option or argument. */
export type Words =
  | { readonly kind: "list"; readonly words: readonly string[] }
  | { readonly kind: "workloads" | "contexts" | "files" | "anything" };

/** An option as a completion script needs it. */
export interface CompletedOption {
  /** `-f` and `--file`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes no value. */
  readonly value: Words | undefined;
}

/** A command as a completion script needs it. */
export interface CompletedCommand {
  /** The words after `persysctl`, with a space between: empty for the root, `context use` for a nested one. */
  readonly path: string;
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  /** Its own and the global ones. */
  readonly options: readonly CompletedOption[];
  /** What its arguments are; undefined where it takes none. */
  readonly argument: Words | undefined;
}

/** All commands of a program, the root first. Read from what commander knows, so that a new option completes by itself. */
export function commandTree(root: Command): readonly CompletedCommand[] {
  const globals = optionsOf(root);
  const walk = (command: Command, path: readonly string[]): CompletedCommand[] => {
    const children = command.createHelp().visibleCommands(command);
    const own = command === root ? [] : optionsOf(command);
    return [
      {
        path: path.join(" "),
        description: summaryOf(command),
        subcommands: children.map((child) => ({
          name: child.name(),
          description: summaryOf(child),
        })),
        options: [...own, ...globals],
        argument:
          command.registeredArguments[0] && wordsOfArgument(command.registeredArguments[0], path),
      },
      ...children.flatMap((child) => walk(child, [...path, child.name()])),
    ];
  };
  return walk(root, []);
}

function summaryOf(command: Command): string {
  return command.summary() || command.description();
}

function optionsOf(command: Command): readonly CompletedOption[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
      description: option.description,
      value: option.required || option.optional ? wordsOfOption(option) : undefined,
    }));
}

function wordsOfOption(option: Option): Words {
  if (option.argChoices !== undefined) return { kind: "list", words: option.argChoices };
  switch (option.long) {
    case "--file":
    case "--token-file":
    case "--ca":
    case "--cert":
    case "--key":
      return { kind: "files" };
    case "--context":
      return { kind: "contexts" };
    case "--state":
      return { kind: "list", words: ["pending", "running", "stopped", "failed", "unknown"] };
    default:
      return { kind: "anything" };
  }
}

function wordsOfArgument(argument: Argument, path: readonly string[]): Words {
  if (argument.argChoices !== undefined) return { kind: "list", words: argument.argChoices };
  if (path[0] === "context") return { kind: "contexts" };
  return argument.name() === "id" ? { kind: "workloads" } : { kind: "anything" };
}
