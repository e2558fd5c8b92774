import { ContainerModule } from "inversify";
import type { AgentSettings } from "./agent-settings.ts";
import { dockerRuntimeOptions } from "./docker-module.ts";
import { agentPaths } from "./host-policy.ts";
import { tokens } from "./tokens.ts";

/** Workloads that are compose applications of a Docker engine. Neither the engine nor the command is looked for yet. */
export const composeModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.runtime)
    .toDynamicValue(async (context) => {
      const { ComposeRuntime } = await import("@persys/adapters/compose");
      const settings = context.get(tokens.settings);
      return new ComposeRuntime({
        ...composeRuntimeOptions(settings),
        protectedPaths: agentPaths(settings),
        secretSource: await context.getAsync(tokens.secretSource),
        secretSealer: context.get(tokens.secretSealer),
        hostPolicy: await context.getAsync(tokens.hostPolicy),
        logger: context.get(tokens.logger),
      });
    })
    .inSingletonScope();
});

/** What the settings say to the runtime of compose applications. */
export function composeRuntimeOptions(settings: AgentSettings): Omit<
  ReturnType<typeof dockerRuntimeOptions>,
  "registryAuthFolder"
> & {
  readonly folder: string;
  readonly binary?: readonly string[];
} {
  const { registryAuthFolder: _, ...docker } = dockerRuntimeOptions(settings);
  const { composeBinary: binary, composeRoot: folder } = settings.config;
  return { ...docker, folder, ...(binary.length === 0 ? {} : { binary }) };
}
