import { type Command, InvalidArgumentError, Option } from "commander";
import { type GetFormat, getFormats } from "../commands/get-formats.ts";
import { parseMoment } from "../text/duration.ts";
import { globalOptions, type Perform } from "./global-options.ts";
import { collectLabels, collectList, wholeNumber } from "./option-values.ts";
import { addExamples } from "./workload-commands.ts";

/** Declares the commands that look: get, describe, logs, actions, health, whoami. */
export function addInsightCommands(root: Command, perform: Perform): void {
  root.commandsGroup("Look at workloads:");
  addGet(root, perform);
  addDescribe(root, perform);
  addLogs(root, perform);
  addActions(root, perform);
  root.commandsGroup("Agent and settings:");
  addHealth(root, perform);
  addWhoAmI(root, perform);
}

function addGet(root: Command, perform: Perform): void {
  const command = root
    .command("get")
    .summary("list workloads, or show one")
    .description("List workloads, or show one.")
    .argument("[id]", "id of a workload")
    .addOption(
      new Option("-o, --output <format>", "format of the result")
        .choices(getFormats)
        .default("table"),
    )
    .option("-w, --watch", "then show every change until interrupted")
    .option("--type <type>", "only this type: process, container, compose, vm, or a runtime's name")
    .addOption(
      new Option(
        "--state <state>",
        "only in this state: pending, running, stopped, failed, unknown; may be given several times",
      ).argParser(collectList),
    )
    .addOption(
      new Option(
        "-l, --label <key=value>",
        "only with this label; may be given several times",
      ).argParser(collectLabels),
    );
  addExamples(command, [
    "persysctl get",
    "persysctl get hello -o yaml",
    "persysctl get --state failed,pending -o wide",
    "persysctl get --type container -o wide",
    "persysctl get -l app=web -w",
  ]);
  command.action(async (id: string | undefined) => {
    const options = command.opts<{
      output: GetFormat;
      watch?: boolean;
      type?: string;
      state?: readonly string[];
      label?: Readonly<Record<string, string>>;
    }>();
    const globals = globalOptions(command);
    const format = globals.json ? "json" : options.output;
    await perform({ ...globals, json: format === "json" }, async (session) => {
      const { get } = await import("../commands/get.ts");
      return get(session, {
        id,
        format,
        watch: options.watch === true,
        type: options.type,
        states: options.state ?? [],
        labels: options.label ?? {},
      });
    });
  });
}

function addDescribe(root: Command, perform: Perform): void {
  const command = root
    .command("describe")
    .summary("explain a workload")
    .description(
      "Explain a workload: what is wanted, what is there, what failed, what comes next and when.",
    )
    .argument("<id>", "id of a workload");
  addExamples(command, ["persysctl describe hello", "persysctl describe hello --json"]);
  command.action(async (id: string) => {
    await perform(globalOptions(command), async (session) => {
      const { describe } = await import("../commands/describe.ts");
      return describe(session, id);
    });
  });
}

function addLogs(root: Command, perform: Perform): void {
  const command = root
    .command("logs")
    .summary("show the output of a workload")
    .description(
      "Show the output of a workload: what it wrote to stdout on stdout, what it wrote to stderr on stderr, byte for byte.",
    )
    .argument("<id>", "id of a workload")
    .option("-f, --follow", "stay until the workload is deleted")
    .addOption(
      new Option("--tail <lines>", "only so many lines from the end").argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        "--since <time>",
        "leave out what is older, as far as the runtime keeps times: 5m, 1h30m or 2026-01-31T08:00:00Z",
      ).argParser(moment),
    )
    .option("--timestamps", "begin each line with its time, where the runtime keeps it")
    .addOption(new Option("--stream <name>", "only one of the two").choices(["stdout", "stderr"]));
  addExamples(command, [
    "persysctl logs hello --tail 20",
    "persysctl logs hello -f --since 5m --timestamps",
    "persysctl logs hello --stream stderr",
  ]);
  command.action(async (id: string) => {
    const options = command.opts<{
      follow?: boolean;
      tail?: number;
      since?: number;
      timestamps?: boolean;
      stream?: "stdout" | "stderr";
    }>();
    await perform(globalOptions(command), async (session) => {
      const { logs } = await import("../commands/logs.ts");
      const { follow = false, tail, since, timestamps = false, stream } = options;
      return logs(session, { id, follow, tail, sinceMs: since, timestamps, stream });
    });
  });
}

function addActions(root: Command, perform: Perform): void {
  const command = root
    .command("actions")
    .summary("show who asked for what, and what came of it")
    .description("Show who asked for what, and what came of it, the newest first.")
    .argument("[id]", "id of a workload")
    .addOption(
      new Option("--limit <count>", "at most so many; 0: all")
        .argParser(wholeNumber(0))
        .default(20),
    )
    .addOption(
      new Option("--status <status>", "only so far").choices([
        "pending",
        "running",
        "completed",
        "failed",
      ]),
    )
    .addOption(
      new Option(
        "--denied",
        "calls that were denied instead, since the agent started; for admins",
      ).conflicts("status"),
    )
    .addOption(
      new Option("--type <type>", "only of this kind").choices(["apply", "delete", "retry"]),
    )
    .addOption(
      new Option("-o, --output <format>", "format")
        .choices(["table", "wide", "json"])
        .default("table"),
    );
  addExamples(command, [
    "persysctl actions",
    "persysctl actions hello --status failed --limit 5",
    "persysctl actions --denied",
  ]);
  command.action(async (id: string | undefined) => {
    const options = command.opts<{
      limit: number;
      status?: string;
      denied?: true;
      type?: string;
      output: string;
    }>();
    const { limit, denied = false, type, output } = options;
    const status = denied ? "denied" : options.status;
    const globals = globalOptions(command);
    await perform({ ...globals, json: globals.json || output === "json" }, async (session) => {
      const { actions } = await import("../commands/actions.ts");
      return actions(session, { id, limit, status, type, wide: output === "wide" });
    });
  });
}

function addHealth(root: Command, perform: Perform): void {
  const command = root
    .command("health")
    .summary("show how the agent is")
    .description(
      "Show how the agent, its store and its runtimes are. The exit code is 1 where something is not healthy.",
    );
  addExamples(command, ["persysctl health", "persysctl health --json"]);
  command.action(async () => {
    await perform(globalOptions(command), async (session) => {
      const { health } = await import("../commands/health.ts");
      return health(session);
    });
  });
}

function addWhoAmI(root: Command, perform: Perform): void {
  const command = root
    .command("whoami")
    .summary("show who the agent takes you for")
    .description(
      "Show who the agent takes you for by your token or certificate, and what that one may do.",
    );
  addExamples(command, [
    "persysctl whoami",
    "persysctl whoami --endpoint https://node-1:50052 --ca ca.pem --cert me.pem --key me-key.pem",
    "persysctl whoami --json",
  ]);
  command.action(async () => {
    await perform(globalOptions(command), async (session) => {
      const { whoAmI } = await import("../commands/who-am-i.ts");
      return whoAmI(session);
    });
  });
}

function moment(value: string): number {
  const atMs = parseMoment(value, Date.now());
  if (atMs !== undefined) return atMs;
  throw new InvalidArgumentError("give a duration (5m, 1h30m) or a time (2026-01-31T08:00:00Z).");
}
