import { Argument, type Command } from "commander";
import { shells } from "../completion/shells.ts";
import { exitCodes } from "../exit-code.ts";
import { globalOptions, type Perform } from "./global-options.ts";
import { addExamples } from "./workload-commands.ts";

/** Declares the commands around the agent: context, completion, version. */
export function addSettingsCommands(root: Command, perform: Perform): void {
  root.commandsGroup("Agent and settings:");
  addContext(root, perform);
  addCompletion(root, perform);
  const version = root
    .command("version")
    .summary("show the versions of persysctl and of the agent")
    .description("Show the version of persysctl and that of the agent.")
    .option("--client", "only that of persysctl");
  addExamples(version, ["persysctl version", "persysctl version --client"]);
  version.action(async () => {
    const { client = false } = version.opts<{ client?: boolean }>();
    await perform(globalOptions(version), async (session) => {
      const { version: show } = await import("../commands/version.ts");
      return show(session, { clientOnly: client });
    });
  });
}

function addContext(root: Command, perform: Perform): void {
  const group = root
    .command("context")
    .summary("name agents, and choose one")
    .description(
      "Keep agents under names: their address and how to sign in. They are in PERSYS_CONTEXT_FILE, by default ~/.config/persys/contexts.yaml, which only you can read.",
    );
  group.helpCommand("help [command]", "show help for a command");
  addExamples(group, [
    "persysctl context set lab --endpoint https://lab:50052 --token-file ~/lab-token",
    "persysctl context set prod --endpoint https://node-1:50052 --ca ca.pem --cert me.pem --key me-key.pem",
    "persysctl context use lab",
    "persysctl get --context lab",
  ]);
  const list = group.command("list").description("List the contexts; * marks the current one.");
  list.action(async () => {
    await perform(globalOptions(list), async (session) => {
      const { listContexts } = await import("../commands/context.ts");
      return listContexts(session);
    });
  });
  const set = group
    .command("set")
    .description(
      "Make or change a context from --endpoint, --ca, and --token-file, --token, or --cert and --key.",
    )
    .argument("<name>", "name of the context");
  set.action(async (name: string) => {
    await perform(globalOptions(set), async (session) => {
      const { setContext } = await import("../commands/context.ts");
      return setContext(session, name);
    });
  });
  const use = group
    .command("use")
    .description("Make a context the current one.")
    .argument("<name>", "name of the context");
  use.action(async (name: string) => {
    await perform(globalOptions(use), async (session) => {
      const { useContext } = await import("../commands/context.ts");
      return useContext(session, name);
    });
  });
  const remove = group
    .command("delete")
    .description("Remove a context.")
    .argument("<name>", "name of the context");
  remove.action(async (name: string) => {
    await perform(globalOptions(remove), async (session) => {
      const { deleteContext } = await import("../commands/context.ts");
      return deleteContext(session, name);
    });
  });
}

function addCompletion(root: Command, perform: Perform): void {
  const command = root
    .command("completion")
    .summary("print a script that completes commands in a shell")
    .description(
      "Print a script that completes commands, options, workload ids and contexts in a shell.",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(shells));
  addExamples(command, [
    "source <(persysctl completion bash)           # now; put it into ~/.bashrc to keep it",
    "persysctl completion zsh > ~/.zfunc/_persysctl",
    "persysctl completion fish > ~/.config/fish/completions/persysctl.fish",
  ]);
  command.action(async (shell: (typeof shells)[number]) => {
    await perform(globalOptions(command), async (session) => {
      const { completionScript } = await import("../completion/completion-script.ts");
      await session.out.raw(completionScript(root, shell));
      return exitCodes.ok;
    });
  });
  // What the scripts ask while a word is being completed. Not for people.
  const words = root
    .command("complete-words", { hidden: true })
    .addArgument(new Argument("<kind>").choices(["workloads", "contexts"]));
  words.action(async (kind: "workloads" | "contexts") => {
    await perform(globalOptions(words), async (session) => {
      const { completeWords } = await import("../commands/complete-words.ts");
      return completeWords(session, kind);
    });
  });
}
