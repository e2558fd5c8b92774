import { ContainerModule } from "inversify";
import { tokens } from "./tokens.ts";

/** Workloads that are processes of this host. */
export const processModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.runtime)
    .toResolvedValue(
      async ({ config, nodeId }, logger) => {
        const { ProcessRuntime } = await import("@persys/adapters/process");
        return new ProcessRuntime({ root: config.processRoot, nodeId, logger });
      },
      [tokens.settings, tokens.logger],
    )
    .inSingletonScope();
});
