import { ContainerModule } from "inversify";
import { tokens } from "./tokens.ts";

/** The state of this node in LMDB. */
export const storeModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.store)
    .toResolvedValue(
      async ({ config, nodeId }, logger) => {
        // Imported when it is made: the addon takes a while, and not every way to run needs it.
        const { LmdbStateStore } = await import("@persys/adapters/lmdb");
        return new LmdbStateStore({ path: config.statePath, nodeId, logger });
      },
      [tokens.settings, tokens.logger],
    )
    .inSingletonScope();
});
