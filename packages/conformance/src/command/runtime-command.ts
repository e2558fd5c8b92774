import type { Command } from "commander";
import type { CommandHost } from "./command-host.ts";
import type { Conclude } from "./exit-codes.ts";
import { addKitOptions, type KitOptions } from "./kit-options.ts";

/** Declares `persys-conformance runtime`. */
export function addRuntimeCommand(program: Command, host: CommandHost, conclude: Conclude): void {
  const command = program
    .command("runtime")
    .summary("judge a workload runtime")
    .description(
      "Judges a runtime by the contract of workload runtimes (docs/runtime-contract.md). The module exports `subject`, which makes a runtime with its " +
        "surroundings, anew for every case and empty. TypeScript modules are loaded as they are.",
    )
    .requiredOption(
      "--module <path>",
      "module that exports `subject: () => Promise<RuntimeSubject>`",
    );
  addKitOptions(command)
    .addHelpText("after", help)
    .action(async (options: KitOptions & { readonly module: string }) => {
      const { judgeRuntime } = await import("./judge-runtime.ts");
      conclude(await judgeRuntime(options, host));
    });
}

const help = `
Examples:
  persys-conformance runtime --module ./my-runtime.js
  persys-conformance runtime --module ./my-runtime.ts --seeds 20 --level must
  persys-conformance runtime --module ./my-runtime.ts --seed 7 --only start-is-idempotent
  persys-conformance runtime --module ./my-runtime.ts --expected-failures known.yaml --junit report.xml`;
