import type { Config } from "./config.ts";
import { type ConfigRow, configRows } from "./config-table.ts";
import type { ConfigOrigins } from "./load-config.ts";

/** Every setting with its value and where it came from, a line each; secrets are replaced by `<redacted>`. */
export function showConfig(
  config: Config,
  origins: ConfigOrigins,
  rows: readonly ConfigRow[] = configRows,
): string {
  const lines = rows.map(({ name, option }) => {
    const value = option.secret === true ? "<redacted>" : option.type.write(config[name]);
    return [`${option.key}: ${JSON.stringify(value)}`, origins[name]] as const;
  });
  const width = Math.max(...lines.map(([setting]) => setting.length));
  return lines.map(([setting, origin]) => `${setting.padEnd(width)}  # ${origin}\n`).join("");
}
