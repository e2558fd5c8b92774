import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeProblem } from "../config/load-config.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import {
  readOrMakeSecretKeys,
  rotateSecretKeys,
  type SecretKeys,
} from "../security/secrets/key-file.ts";
import { StartFailure } from "../start-failure.ts";
import type { CommandPlace } from "./certs-command.ts";
import { findConfig, type Surroundings } from "./load-settings.ts";

const help = `persys-agent keys: the keys that seal the secrets of workloads before they are stored.

Usage: persys-agent keys list|rotate [--file FILE] [--json]

  list           shows the ids of the keys; the last one seals
  rotate         adds a key. From the next start of the agent on it seals, and what earlier ones sealed is sealed anew

  --file FILE    the key file (default: the setting secret_keys_file)
  --dev          the key file of the development profile
  --config FILE  configuration file to take the setting from
  --json         as JSON, without the keys themselves
  -h, --help     show this, and end

Earlier keys stay in the file: digests of specs and processes that run need them. Whoever has a copy of the file and of the state can read
the secrets in it, so keep them apart.
`;

/** Does `persys-agent keys …`. @returns the exit code. */
export function runKeysCommand(
  argv: readonly string[],
  place: CommandPlace & Surroundings,
): ExitCode {
  const wrong = (sentence: string): ExitCode => {
    place.stderr.write(`persys-agent: ${sentence}\npersys-agent keys --help shows what there is\n`);
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
  const [verb, ...more] = positionals;
  if ((verb !== "list" && verb !== "rotate") || more.length > 0)
    return wrong("keys needs one of list and rotate");
  try {
    const file = fileOf(values, place);
    const keys = verb === "rotate" ? rotateSecretKeys(file) : readOrMakeSecretKeys(file);
    place.stdout.write(values.json === true ? jsonOf(keys) : textOf(keys, verb));
    return exitCodes.stopped;
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    place.stderr.write(`persys-agent: ${error.message}\n`);
    return error.exitCode;
  }
}

function parse(argv: readonly string[]): {
  readonly values: {
    readonly file?: string;
    readonly config?: string;
    readonly dev?: boolean;
    readonly json?: boolean;
    readonly help?: boolean;
  };
  readonly positionals: readonly string[];
} {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      file: { type: "string" },
      config: { type: "string" },
      dev: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function fileOf(
  { file, config, dev = false }: ReturnType<typeof parse>["values"],
  place: CommandPlace & Surroundings,
): string {
  if (file !== undefined) return resolve(place.cwd, file);
  const loaded = findConfig({ dev, configFile: config, flags: {} }, place);
  if (loaded.ok) return loaded.config.secretKeysFile;
  throw new StartFailure(exitCodes.configuration, loaded.problems.map(describeProblem).join("; "));
}

function textOf(keys: SecretKeys, verb: "list" | "rotate"): string {
  const lines = keys.map(
    ({ id, createdAt }, at) => `${id}  ${createdAt}${at === keys.length - 1 ? "  seals" : ""}\n`,
  );
  const next = verb === "rotate" ? "Start the agent again: workloads run on meanwhile.\n" : "";
  return `${lines.join("")}${next}`;
}

function jsonOf(keys: SecretKeys): string {
  const shown = keys.map(({ id, createdAt }, at) => ({
    id,
    createdAt,
    seals: at === keys.length - 1,
  }));
  return `${JSON.stringify({ keys: shown })}\n`;
}
