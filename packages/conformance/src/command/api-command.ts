import { type Command, Option } from "commander";
import type { ApiOptions } from "./api-options.ts";
import type { CommandHost } from "./command-host.ts";
import type { Conclude } from "./exit-codes.ts";
import { addKitOptions } from "./kit-options.ts";

/** Declares `persys-conformance api`. */
export function addApiCommand(program: Command, host: CommandHost, conclude: Conclude): void {
  const command = program
    .command("api")
    .summary("judge a server of persys.agent.v1")
    .description(
      "Judges a server, in whatever language it is written, by the contract of persys.agent.v1 (docs/api-contract.md). It applies workloads to " +
        "it, by default processes of its host, and deletes them.",
    )
    .optionsGroup("Server:")
    .requiredOption("--endpoint <url>", "where it serves, such as http://127.0.0.1:50052")
    .addOption(
      new Option("--protocol <protocol>", "how it is spoken to")
        .choices(["grpc", "connect", "grpc-web"])
        .default("grpc"),
    )
    .option("--http2", "HTTP/2 for connect and grpc-web, which take HTTP/1.1 otherwise")
    .option("--token-file <file>", "file with the bearer token, or PERSYS_TOKEN_FILE")
    .option("--token <token>", "bearer token, or PERSYS_TOKEN; others on this machine may see it")
    .option("--ca <file>", "certificates of the authorities to trust, PEM")
    .option("--cert <file>", "certificate of the client, PEM")
    .option("--key <file>", "its key, PEM")
    .option("--module <path>", "module that exports `workloads: ApiWorkloads`: what is applied")
    .option("--id-prefix <prefix>", "what the ids of all workloads begin with", "api-kit")
    .option("--beside-others", "run although the server has workloads of others");
  addKitOptions(command)
    .addHelpText("after", help)
    .action(async (options: ApiOptions) => {
      const { judgeApi } = await import("./judge-api.ts");
      conclude(await judgeApi(options, host));
    });
}

const help = `
Examples:
  persys-conformance api --endpoint http://127.0.0.1:50052 --token-file .persys/dev/token
  persys-conformance api --endpoint https://node7:50052 --protocol connect --ca ca.pem --cert me.pem --key me-key.pem
  persys-conformance api --endpoint http://127.0.0.1:50052 --module ./container-workloads.ts --beside-others`;
