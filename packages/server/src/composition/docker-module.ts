import { ContainerModule } from "inversify";
import { errnoOf } from "../errno.ts";
import { exitCodes } from "../exit-codes.ts";
import { StartFailure } from "../start-failure.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { agentPaths } from "./host-policy.ts";
import { tokens } from "./tokens.ts";

/** Workloads that are containers of a Docker engine. Nothing is asked of the engine yet: it may come later than the agent. */
export const dockerModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.runtime)
    .toResolvedValue(
      async (settings, secretSource, logger) => {
        // Imported when it is made: the client of the engine takes a while, and not every node has one.
        const { DockerRuntime } = await import("@persys/adapters/docker");
        try {
          const protectedPaths = agentPaths(settings);
          const options = { ...dockerRuntimeOptions(settings), protectedPaths, secretSource };
          return new DockerRuntime({ ...options, logger });
        } catch (error) {
          throw unusable(settings, error);
        }
      },
      [tokens.settings, tokens.secretSource, tokens.logger],
    )
    .inSingletonScope();
});

/** What the settings say to the runtime of containers. */
export function dockerRuntimeOptions({ config, nodeId, dockerConfigFile }: AgentSettings): {
  readonly endpoint: string;
  readonly certificates?: string;
  readonly nodeId: string;
  readonly dockerConfigFile?: string;
  readonly registryAuthFolder: string;
  readonly pullIdleTimeoutMs: number;
} {
  const { dockerCertificates: certificates } = config;
  return {
    endpoint: config.dockerEndpoint,
    nodeId,
    registryAuthFolder: config.registryAuthFolder,
    pullIdleTimeoutMs: config.pullIdleTimeoutMs,
    ...(certificates === "none" ? {} : { certificates }),
    ...(dockerConfigFile === undefined ? {} : { dockerConfigFile }),
  };
}

/** The certificates are read when the runtime is made; anything else that fails then is unexpected. */
function unusable({ config }: AgentSettings, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === "") return error;
  const folder = config.dockerCertificates;
  return new StartFailure(
    exitCodes.configuration,
    `the certificates for the Docker engine in ${folder} cannot be read (${errno}): it needs ca.pem, cert.pem and key.pem; choose another folder with PERSYS_DOCKER_CERTS`,
    error,
  );
}
