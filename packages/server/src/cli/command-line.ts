import { parseArgs } from "node:util";
import { flagOf } from "../config/config-option.ts";
import { configRows } from "../config/config-table.ts";
import { suggestName } from "../config/suggest-name.ts";
import { exitCodeTable } from "../exit-codes.ts";

/** What the agent is asked to do. */
export type CommandLine =
  | { readonly kind: "help" | "version" }
  | {
      readonly kind: "run" | "print-config" | "check-config";
      readonly dev: boolean;
      readonly configFile: string | undefined;
      /** Settings given as flags, by key. */
      readonly flags: Readonly<Record<string, string>>;
    }
  | { readonly kind: "wrong"; readonly sentences: readonly string[] };

const switches = ["dev", "help", "version", "print-config", "check-config"] as const;

/** What `argv` (without the program's own name) asks for. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const keyOfFlag = new Map(
    configRows
      .filter(({ option }) => option.key !== "version")
      .map(({ option }) => [flagOf(option).slice(2), option.key]),
  );
  const { values, tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(switches.map((name) => [name, { type: "boolean" as const }])),
      ...Object.fromEntries(
        [...keyOfFlag.keys()].map((name) => [name, { type: "string" as const }]),
      ),
      config: { type: "string" },
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "v" },
    },
  });
  const known = new Set<string>([...switches, "config", ...keyOfFlag.keys()]);
  const sentences: string[] = [];
  const flags: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind === "positional")
      sentences.push(`unexpected argument ${JSON.stringify(token.value)}`);
    if (token.kind !== "option") continue;
    const key = keyOfFlag.get(token.name);
    if (!known.has(token.name)) sentences.push(unknownFlag(token.rawName, known));
    else if (key === undefined && token.name !== "config") continue;
    else if (token.value === undefined || token.value === "")
      sentences.push(`${token.rawName} needs a value`);
    else if (key !== undefined) flags[key] = token.value;
  }
  return decide(values, flags, sentences);
}

function decide(
  values: Readonly<Record<string, unknown>>,
  flags: Readonly<Record<string, string>>,
  sentences: readonly string[],
): CommandLine {
  // `--version 1.2` sets nothing: the number that health answers report is a setting of the environment and the file.
  if (values["help"] === true) return { kind: "help" };
  if (values["version"] === true) return { kind: "version" };
  if (sentences.length > 0) return { kind: "wrong", sentences };
  const configFile = typeof values["config"] === "string" ? values["config"] : undefined;
  const kind =
    values["print-config"] === true
      ? "print-config"
      : values["check-config"] === true
        ? "check-config"
        : "run";
  return { kind, dev: values["dev"] === true, configFile, flags };
}

function unknownFlag(raw: string, known: Iterable<string>): string {
  const meant = raw.startsWith("--") ? suggestName(raw.slice(2), known) : undefined;
  return `unknown flag ${raw}${meant === undefined ? "" : `; did you mean --${meant}?`}`;
}

/** The text of --help. */
export function helpText(): string {
  const settings = configRows
    .filter(({ option }) => option.key !== "version")
    .map(({ option }) => `  ${flagOf(option).padEnd(26)} ${option.env[0]}`);
  const codes = exitCodeTable.map(({ code, meaning }) => `  ${code}  ${meaning}`);
  return `persys-agent: applies workloads to this machine and keeps them as they were asked to be.

Usage: persys-agent [--dev] [--config FILE] [--SETTING VALUE]...
       persys-agent certs dev [--dir FOLDER]     makes certificates to try TLS with
       persys-agent token new NAME               makes a bearer token
       persys-agent keys list|rotate             the keys that seal stored secrets

  --dev              development profile: everything under .persys/dev (PERSYS_DEV_DIR), on loopback
  --config FILE      configuration file (PERSYS_CONFIG_FILE)
  --check-config     say whether the settings are right, and end
  --print-config     show every setting and where it came from, and end
  -v, --version      show the version, and end
  -h, --help         show this, and end

Settings, as flags and in the environment (what they mean: docs/configuration.md):
${settings.join("\n")}

Exit codes:
${codes.join("\n")}
`;
}
