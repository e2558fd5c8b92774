import { isIP } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { StartFailure } from "../start-failure.ts";
import type { LogStream } from "../logging/agent-logger.ts";

/** Where a command works and speaks. */
export interface CommandPlace {
  readonly cwd: string;
  readonly stdout: LogStream;
  readonly stderr: LogStream;
}

const help = `persys-agent certs dev: makes certificates to try TLS with.

Usage: persys-agent certs dev [--dir FOLDER] [--host NAME]...

  --dir FOLDER   where to put them (default: .persys/dev/certs)
  --host NAME    a further name or IP address of the agent; may be repeated
  --json         say what was made as JSON
  -h, --help     show this, and end

It makes an authority (ca), the agent's certificate, and those of a scheduler (admin), an operator and a viewer, valid for 90 days, with an access
file that gives them these roles. What is there and good is kept. For production, have your own authority sign them.

  persys-agent certs dev --dir ~/certs --host node-1.example
  PERSYS_TLS_CERT=~/certs/agent.pem PERSYS_TLS_KEY=~/certs/agent-key.pem PERSYS_TLS_CA=~/certs/ca.pem \\
    PERSYS_ACCESS_FILE=~/certs/access.yaml persys-agent
`;

/** Does `persys-agent certs …`. @returns the exit code. */
export async function runCertsCommand(
  argv: readonly string[],
  place: CommandPlace,
): Promise<ExitCode> {
  const wrong = (sentence: string): ExitCode => {
    place.stderr.write(
      `persys-agent: ${sentence}\npersys-agent certs dev --help shows what there is\n`,
    );
    return exitCodes.configuration;
  };
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    place.stdout.write(help);
    return exitCodes.stopped;
  }
  if (positionals.join(" ") !== "dev") {
    return wrong(`there is only "certs dev", not "certs ${positionals.join(" ")}"`);
  }
  const folder = resolve(place.cwd, values.dir ?? ".persys/dev/certs");
  const hosts = values.host ?? [];
  const { makeDevelopmentCertificates } = await import(
    "../security/certificates/development-certificates.ts"
  );
  let done: Awaited<ReturnType<typeof makeDevelopmentCertificates>>;
  try {
    done = await makeDevelopmentCertificates({
      folder,
      dnsNames: hosts.filter((host) => isIP(host) === 0),
      ipAddresses: hosts.filter((host) => isIP(host) !== 0),
    });
  } catch (error) {
    if (error instanceof StartFailure) return wrong(error.message);
    throw error;
  }
  const { made, accessFile } = done;
  const said = made.length === 0 ? "all there and good" : `made ${made.join(", ")}`;
  place.stdout.write(
    values.json === true
      ? `${JSON.stringify({ folder, made, accessFile })}\n`
      : `${folder}: ${said}\n`,
  );
  return exitCodes.stopped;
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      dir: { type: "string" },
      host: { type: "string", multiple: true },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}
