import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";

/** Where the agent's user may have a Docker configuration. */
export interface DockerConfigSearch {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home folder of the agent's user, root's as well. */
  readonly userHome: string;
  /** Default: whether there is a file. */
  readonly exists?: (path: string) => boolean;
}

/** The Docker `config.json` that `setting` stands for; undefined when there is to be none, or `auto` finds none. */
export function dockerConfigFileOf(
  setting: Config["dockerConfigFile"],
  { env, userHome, exists = existsSync }: DockerConfigSearch,
): string | undefined {
  if (setting === "none") return undefined;
  if (setting !== "auto") return setting;
  // Where docker itself looks; a relative folder would name another place each time the agent is started from elsewhere.
  const folder = env["DOCKER_CONFIG"] || join(userHome, ".docker");
  const path = join(folder, "config.json");
  return path.startsWith("/") && exists(path) ? path : undefined;
}
