import type { OptionType } from "./option-type.ts";

/** The headings under which the documentation lists the settings. */
export const sections = [
  "API",
  "TLS and access",
  "Browsers",
  "Connections",
  "Health and metrics",
  "Telemetry",
  "State",
  "Node",
  "Logs",
  "Engine",
  "Processes",
  "Containers",
  "Compose applications",
  "Virtual machines",
  "Host policy",
  "Life cycle",
] as const;

/** A variable that another program reads. It counts only where nothing was said to the agent itself, by flag, variable or file. */
export interface ForeignVariable {
  readonly name: string;
  /** Another variable that has to be set for this one to count. */
  readonly when?: string;
}

/** One setting. Its flag is its key with dashes: `http_port` is `--http-port`. */
export interface ConfigOption<T> {
  readonly section: (typeof sections)[number];
  /** Name in the configuration file. */
  readonly key: string;
  /** Names in the environment; the first is the one to use, the others are understood as well. */
  readonly env: readonly [string, ...string[]];
  /** Variables of other programs that mean the same. */
  readonly foreignEnv?: ForeignVariable;
  readonly type: OptionType<T>;
  readonly standard: T;
  /** The default of the development profile, where it is another one. */
  readonly development?: (devDir: string) => T;
  /** Never shown: not in errors, not by --print-config. */
  readonly secret?: true;
  /** Sentences for the documentation. */
  readonly doc: string;
}

/** The flag of a setting, with its dashes. */
export function flagOf(option: Pick<ConfigOption<unknown>, "key">): string {
  return `--${option.key.replaceAll("_", "-")}`;
}
