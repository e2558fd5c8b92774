import { type Command, InvalidArgumentError, Option } from "commander";
import { parsePlaces, type Place } from "../crash-matrix/places.ts";
import type { CommandHost } from "./command-host.ts";
import type { CrashMatrixOptions } from "./crash-matrix-options.ts";
import type { Conclude } from "./exit-codes.ts";
import { collectList } from "./option-values.ts";

/** Declares `persys-conformance crash-matrix`. */
export function addCrashMatrixCommand(
  program: Command,
  host: CommandHost,
  conclude: Conclude,
): void {
  program
    .command("crash-matrix")
    .summary("kill the agent at every boundary between its calls")
    .description(
      "Lives through every story of a workload once undisturbed, and then once more for each boundary between the calls of the agent, where the agent " +
        "is killed and another is started (docs/crash-matrix.md). Time is simulated.",
    )
    .option("--story <names>", "these stories only; a list, or given several times", collectList)
    .option(
      "--boundary <numbers>",
      "strike once, there, and show the life: 17, 17,41 or 17?,23",
      places,
    )
    .option("--silent-client", "with --boundary: the client does not ask again")
    .addOption(
      new Option("--pairs <stories>", "stories that are struck twice, at every pair of boundaries")
        .choices(["none", "short", "all"])
        .default("none"),
    )
    .option("--list", "list the stories")
    .option("--json", "the report as JSON, and nothing else, on stdout")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help)
    .action(async (options: CrashMatrixOptions) => {
      const { runCrashMatrix } = await import("./run-crash-matrix.ts");
      conclude(await runCrashMatrix(options, host));
    });
}

function places(text: string): readonly Place[] {
  const parsed = parsePlaces(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError("boundaries are numbers from 1 on, such as 17 or 17?,23.");
}

const help = `
Examples:
  persys-conformance crash-matrix
  persys-conformance crash-matrix --story update --pairs all
  persys-conformance crash-matrix --story update --boundary 17`;
