import {
  type ConfigOption,
  type ForeignVariable,
  sections,
} from "../../src/config/config-option.ts";
import { type ConfigRow, configRows } from "../../src/config/config-table.ts";
import { exitCodeTable } from "../../src/exit-codes.ts";
import { laterOptions } from "../../src/config/later-options.ts";

/** docs/configuration.md, made from the tables. */
export function configDocument(): string {
  const parts = [
    "# Configuration of `persys-agent`",
    "",
    "<!-- Made from packages/server/src/config/config-table.ts: npx vitest run packages/server/test/config/config-document.test.ts -u -->",
    "",
    "Every setting works from the environment alone, from a YAML file alone, or as a flag. A flag wins over the environment, the environment",
    "over the file, the file over the default. Variables of other programs (named after `else`) count where nothing else was said. An empty",
    "variable counts as not set. The flag of a setting is its key with dashes: `http_port` is `--http-port 50052`. Durations carry a unit: `500ms`,",
    "`30s`, `1h30m`, `7d`.",
    "",
    "The file is the one named by `--config` or `PERSYS_CONFIG_FILE`, else the first there is of `/etc/persys/agent_config.yaml` and, unless run as",
    "root, `~/.persys/agent_config.yaml`. The working directory is never searched: a file that somebody left there must not steer a service that may",
    "run as root. The development profile (`--dev`) reads a file only when it is named.",
    "",
    "Everything that is wrong is said at once, and the agent does not start (exit code 2). Names that are not settings get a warning. Check with",
    "`persys-agent --check-config`, see what holds and where it came from with `persys-agent --print-config`.",
    ...sections.flatMap((section) => ["", ...sectionLines(section)]),
    "",
    "## Known names without effect",
    "",
    "These belong to parts that this version comes without. Setting one is answered with a warning.",
    "",
    [...laterOptions.keys()].map((key) => `\`PERSYS_${key.toUpperCase()}\``).join(", "),
    "",
    "## Exit codes",
    "",
    "| Code | Meaning |",
    "|---|---|",
    ...exitCodeTable.map(({ code, meaning }) => `| ${code} | ${meaning} |`),
    "",
  ];
  return parts.join("\n");
}

function sectionLines(section: (typeof sections)[number]): string[] {
  const rows = configRows.filter(({ option }) => option.section === section);
  return [
    `## ${section}`,
    "",
    "| Key | Environment | Kind | Default | Meaning |",
    "|---|---|---|---|---|",
    ...rows.map(rowLine),
  ];
}

function rowLine({ option }: ConfigRow): string {
  const own = option.env.map((name) => `\`${name}\``).join(", ");
  const env = `${own}${foreignText(option.foreignEnv)}`;
  return `| \`${option.key}\` | ${env} | ${option.type.name} | ${defaultText(option)} | ${option.doc} |`;
}

function foreignText(foreign: ForeignVariable | undefined): string {
  if (foreign === undefined) return "";
  const { name, when } = foreign;
  return `; else \`${name}\`${when === undefined ? "" : ` where \`${when}\` is set`}`;
}

function defaultText(option: ConfigOption<unknown>): string {
  // The package's own number changes with every release; the document does not.
  if (option.key === "version") return "that of the package";
  const standard = shown(option.type.write(option.standard));
  return option.development === undefined
    ? standard
    : `${standard}; with \`--dev\` ${shown(option.type.write(option.development(".persys/dev")))}`;
}

function shown(text: string): string {
  return text === "" ? "none" : `\`${text}\``;
}
