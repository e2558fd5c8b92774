import { type Command, Option } from "commander";
import type { ContractLevel } from "../contract-case.ts";
import { collectList, seedNumber, timeMs, wholeNumber } from "./option-values.ts";

/** What every command that judges something can be told, as commander gives it. */
export interface KitOptions {
  readonly seed?: number;
  readonly seeds: number;
  readonly only?: readonly string[];
  readonly level: "must" | "should" | "may";
  readonly expectedFailures?: string;
  readonly timeout: number;
  readonly concurrency: number;
  readonly json?: true;
  readonly junit?: string;
  readonly quiet?: true;
  readonly color: boolean;
}

/** The levels by the words of `--level`. */
export const levelOf: Readonly<Record<KitOptions["level"], ContractLevel>> = {
  must: "MUST",
  should: "SHOULD",
  may: "MAY",
};

/** Declares the options on a command. */
export function addKitOptions(command: Command): Command {
  return command
    .optionsGroup("What is run:")
    .option(
      "--only <ids>",
      "these cases or clauses only; a list, or given several times",
      collectList,
    )
    .addOption(
      new Option("--level <level>", "the least binding level that is run")
        .choices(["must", "should", "may"])
        .default("may"),
    )
    .option(
      "--seed <number>",
      "where all that is random comes from (default: by chance)",
      seedNumber,
    )
    .option("--seeds <count>", "run so many seeds, one after the other", wholeNumber(1), 1)
    .addOption(
      new Option("--timeout <time>", "how long a case may take")
        .argParser(timeMs)
        .default(60_000, "60s"),
    )
    .option("--concurrency <count>", "cases that run at a time", wholeNumber(1), 1)
    .optionsGroup("What is made of it:")
    .option("--expected-failures <file>", "cases that are known to fail (YAML: id, because)")
    .option("--junit <file>", "write a report in the format of JUnit, too")
    .option("--json", "the report as JSON, and nothing else, on stdout")
    .option("-q, --quiet", "no progress")
    .option("--no-color", "no colours, as with NO_COLOR");
}
