import { ContainerModule } from "inversify";
import { agentPaths } from "./host-policy.ts";
import { tokens } from "./tokens.ts";

/** Workloads that are processes of this host. */
export const processModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.runtime)
    .toResolvedValue(
      async (settings, secretSource, secretSealer, logger) => {
        const { ProcessRuntime } = await import("@persys/adapters/process");
        const { config, nodeId } = settings;
        const protectedPaths = agentPaths(settings);
        const secrets = { secretSource, secretSealer, protectedPaths };
        return new ProcessRuntime({ root: config.processRoot, nodeId, logger, ...secrets });
      },
      [tokens.settings, tokens.secretSource, tokens.secretSealer, tokens.logger],
    )
    .inSingletonScope();
});
