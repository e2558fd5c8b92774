import type { Command } from "commander";
import type { CommandHost } from "./command-host.ts";
import type { Conclude } from "./exit-codes.ts";
import { addKitOptions, type KitOptions } from "./kit-options.ts";

/** Declares `persys-conformance store`. */
export function addStoreCommand(program: Command, host: CommandHost, conclude: Conclude): void {
  const command = program
    .command("store")
    .summary("judge a state store")
    .description(
      "Judges a store by the contract of state stores (docs/state-store-contract.md). The module exports `harness`, which makes a storage of its own for " +
        "every case, empty at first. TypeScript modules are loaded as they are.",
    )
    .requiredOption(
      "--module <path>",
      "module that exports `harness: () => Promise<StateStoreHarness>`",
    );
  addKitOptions(command)
    .addHelpText("after", help)
    .action(async (options: KitOptions & { readonly module: string }) => {
      const { judgeStore } = await import("./judge-store.ts");
      conclude(await judgeStore(options, host));
    });
}

const help = `
Examples:
  persys-conformance store --module ./my-store.js
  persys-conformance store --module ./my-store.ts --seeds 20 --json`;
