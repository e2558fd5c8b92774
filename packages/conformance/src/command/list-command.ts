import { Argument, type Command } from "commander";
import type { ContractCase } from "../contract-case.ts";
import type { CommandHost } from "./command-host.ts";

/** The contracts by name. Their cases are only looked at, never run. */
const contracts = {
  runtime: async () => (await import("../runtime-contract.ts")).runtimeContract(noSubject),
  store: async () => (await import("../state-store-contract.ts")).stateStoreContract(noSubject),
  api: async () =>
    (await import("../api-contract.ts")).apiContract({
      endpoint: "http://127.0.0.1",
      protocol: "connect",
    }),
} as const satisfies Readonly<Record<string, () => Promise<readonly ContractCase[]>>>;

async function noSubject(): Promise<never> {
  throw new Error("cases that are listed are not run");
}

/** Declares `persys-conformance list`. */
export function addListCommand(program: Command, host: CommandHost): void {
  program
    .command("list")
    .summary("list the clauses of the contracts")
    .description("Lists what is judged: clause, level, id of the case and what it promises.")
    .addArgument(
      new Argument("[contract]", "the contract; all of them when left out").choices(
        Object.keys(contracts),
      ),
    )
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  persys-conformance list runtime\n  persys-conformance list --json",
    )
    .action(async (name: string | undefined, options: { readonly json?: true }) => {
      const wanted = Object.entries(contracts).filter(
        ([contract]) => name === undefined || name === contract,
      );
      const listed = await Promise.all(
        wanted.map(([contract, casesOf]) => rowsOf(contract, casesOf)),
      );
      host.stdout.write(
        options.json === true
          ? `${JSON.stringify(listed.flat(), undefined, 2)}\n`
          : asTable(listed.flat()),
      );
    });
}

type Row = Readonly<Record<"contract" | "clause" | "level" | "id" | "title", string>>;

async function rowsOf(
  contract: string,
  casesOf: () => Promise<readonly ContractCase[]>,
): Promise<readonly Row[]> {
  const cases = await casesOf();
  return cases.map(({ id, clause, level, title }) => ({ contract, clause, level, id, title }));
}

function asTable(rows: readonly Row[]): string {
  const columns = ["contract", "clause", "level", "id"] as const;
  const widths = columns.map((column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => {
      const cells = columns.map((column, index) => row[column].padEnd(widths[index] ?? 0));
      return `${[...cells, row.title].join("  ")}\n`;
    })
    .join("");
}
