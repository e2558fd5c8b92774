import type { Command } from "commander";
import { commandsOfLife } from "../simulation/run-seeds.ts";
import type { CommandHost } from "./command-host.ts";
import type { SimOptions } from "./sim-options.ts";
import type { Conclude } from "./exit-codes.ts";
import { seedNumber, wholeNumber } from "./option-values.ts";

/** Declares `persys-conformance sim`. */
export function addSimCommand(program: Command, host: CommandHost, conclude: Conclude): void {
  program
    .command("sim")
    .summary("simulate whole lives of an agent, with everything that can go wrong")
    .description(
      "Lets the real engine live through lives of chance on simulated time, with users, a host, a runtime and a store that fail in every way they can, " +
        "and checks its invariants all the time (docs/simulation.md). The same seed makes the same life.",
    )
    .optionsGroup("What is run:")
    .option("--seeds <count>", "live through the lives of so many seeds", wholeNumber(1), 1_000)
    .option("--first <seed>", "the first of these seeds", seedNumber, 1)
    .option("--seed <seed>", "live through this one only", seedNumber)
    .option("--life <file>", "live through the life in this file, as a failure printed it")
    .option("--steps <count>", "commands in a life, at least", wholeNumber(0), commandsOfLife)
    .option("--module <path>", "module that exports `createModel`: a runtime of your own")
    .option("--workers <count>", "threads (default: one for each core)", wholeNumber(1))
    .optionsGroup("What is made of it:")
    .option("--trace", "show everything that happens, with --seed or --life")
    .option("--json", "the report as JSON, and nothing else, on stdout")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help)
    .action(async (options: SimOptions) => {
      const { runSimulation } = await import("./run-simulation.ts");
      conclude(await runSimulation(options, host));
    });
}

const help = `
Examples:
  persys-conformance sim --seeds 2000
  persys-conformance sim --seed 4711 --trace
  persys-conformance sim --seeds 500 --module ./my-model.ts`;
