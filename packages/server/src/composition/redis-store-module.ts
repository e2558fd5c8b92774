import { ContainerModule } from "inversify";
import { tokens } from "./tokens.ts";

/** The state of this node in a Redis server. */
export const redisStoreModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.store)
    .toResolvedValue(
      async ({ config, nodeId }, logger) => {
        // Imported when it is made: few agents need the client.
        const { RedisStateStore } = await import("@persys/adapters/redis");
        return new RedisStateStore({ url: config.stateUrl, nodeId, logger });
      },
      [tokens.settings, tokens.logger],
    )
    .inSingletonScope();
});
