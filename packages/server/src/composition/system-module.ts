import { SystemClock, SystemNodeResources, SystemRandom } from "@persys/adapters/system";
import { ContainerModule, type ServiceIdentifier } from "inversify";
import { diskMountPoint } from "./disk-mount-point.ts";
import { tokens } from "./tokens.ts";

const systemResources: ServiceIdentifier<SystemNodeResources> = Symbol("SystemNodeResources");

/** Time, chance and the load of this machine. */
export const systemModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.clock)
    .toResolvedValue(() => new SystemClock())
    .inSingletonScope();
  bind(tokens.random)
    .toResolvedValue(() => new SystemRandom())
    .inSingletonScope();
  bind(systemResources)
    .toResolvedValue(
      (logger) => new SystemNodeResources({ path: diskMountPoint, logger }),
      [tokens.logger],
    )
    .inSingletonScope();
  bind(tokens.resources).toService(systemResources);
  bind(tokens.background)
    .toResolvedValue(
      (resources: SystemNodeResources) => ({
        name: "the sampling of the node's load",
        startTimeoutMs: 5_000,
        stopTimeoutMs: 2_000,
        start: () => resources.start(),
        stop: () => resources.close(),
      }),
      [systemResources],
    )
    .inSingletonScope();
});
