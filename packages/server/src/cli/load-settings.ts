import { hostname } from "node:os";
import { resolve } from "node:path";
import type { AgentSettings } from "../composition/agent-settings.ts";
import { dockerConfigFileOf } from "../composition/docker-config-file.ts";
import type { Config } from "../config/config.ts";
import { findConfigFile } from "../config/config-file.ts";
import { configTable } from "../config/config-table.ts";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";
import { devNodeId } from "../dev-profile/dev-node-id.ts";
import { deriveNodeId } from "../node-identity/derive-node-id.ts";
import { nodeLabels } from "../node-identity/node-labels.ts";
import { readNodeFacts } from "../node-identity/read-node-facts.ts";
import { readToken } from "../security/read-token.ts";
import type { CommandLine } from "./command-line.ts";

/** What the agent finds around it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory. */
  readonly cwd: string;
  /** The user's home folder; undefined for root. */
  readonly home: string | undefined;
  /** The user's home folder, root's as well: where other programs keep what is the user's. */
  readonly userHome: string;
}

/** The part of a command line that settings come from. */
export type SettingsRequest = Pick<
  Extract<CommandLine, { readonly flags: unknown }>,
  "dev" | "configFile" | "flags"
>;

/** The settings, and the file that some of them are from, by its absolute path. */
export type FoundConfig = LoadedConfig & { readonly file: string | undefined };

/** Settings that were found, and how they are found anew. */
export type SettledFrom = Extract<FoundConfig, { readonly ok: true }> & {
  readonly reread: () => LoadedConfig;
};

/** The configuration, from flags, environment, file and defaults. Reads the file; changes nothing. */
export function findConfig(request: SettingsRequest, around: Surroundings): FoundConfig {
  const { env, cwd, home } = around;
  const { dev, configFile, flags } = request;
  const named = configFile ?? (env["PERSYS_CONFIG_FILE"] || undefined);
  // A development agent must not take up what is meant for this machine's own agent, state and all: it reads a file only when told to.
  const found =
    named === undefined && dev
      ? ({ ok: true, file: undefined } as const)
      : findConfigFile({
          ...(named === undefined ? {} : { explicitPath: resolve(cwd, named) }),
          ...(home === undefined ? {} : { home }),
        });
  if (!found.ok) {
    const problems = [{ setting: found.path, rule: found.rule }];
    return { ok: false, problems, warnings: [], file: undefined };
  }
  const { file } = found;
  const devDir = flags["dev_dir"] ?? (env["PERSYS_DEV_DIR"] || configTable.devDir.standard);
  const loaded = loadConfig({ flags, env, file, devDir: dev ? resolve(cwd, devDir) : undefined });
  return { ...loaded, file: file === undefined ? undefined : resolve(cwd, file.path) };
}

/**
 * The settings with everything that is derived from them and from this machine. Makes the token file, and in the development profile the
 * node id, where there is none.
 * @throws {StartFailure} when the token file cannot be used.
 */
export function settle(
  { config, file, reread }: SettledFrom,
  dev: boolean,
  around: Surroundings,
): { readonly settings: AgentSettings; readonly warnings: readonly string[] } {
  const { token, warnings } = readToken(config.tokenFile);
  const settings = {
    config,
    dev,
    nodeId: nodeIdOf(config, dev),
    labels: nodeLabels(config),
    dockerConfigFile: dockerConfigFileOf(config.dockerConfigFile, around),
    configFile: file,
    reread,
    token,
  };
  return { settings, warnings };
}

function nodeIdOf({ nodeId, devDir }: Config, dev: boolean): string {
  if (nodeId !== "auto") return nodeId;
  return dev ? devNodeId(devDir, hostname()) : deriveNodeId(readNodeFacts());
}
