import type { Config } from "../config/config.ts";
import type { Labels } from "../config/labels.ts";
import type { LoadedConfig } from "../config/load-config.ts";

/** What the parts are made with: the configuration, and what was derived from it and from this machine. */
export interface AgentSettings {
  readonly config: Config;
  /** Whether this is the development profile. */
  readonly dev: boolean;
  /** Never `auto`. */
  readonly nodeId: string;
  readonly labels: Labels;
  /** A Docker `config.json` for pulls; undefined: none. Never `auto`. */
  readonly dockerConfigFile: string | undefined;
  /** The file that some of the settings are from; undefined: none is. */
  readonly configFile: string | undefined;
  /** Reads all settings anew, from where they were read first. */
  readonly reread: () => LoadedConfig;
  /** The bearer token of the API. */
  readonly token: string;
}
