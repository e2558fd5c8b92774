import type { ContainerModule } from "inversify";
import { noStateUrl } from "../config/state-url.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { composeModule } from "./compose-module.ts";
import { dockerModule } from "./docker-module.ts";
import { engineModule } from "./engine-module.ts";
import { guardModule } from "./guard-module.ts";
import { hostPolicyModule } from "./host-policy-module.ts";
import { processModule } from "./process-module.ts";
import { secretsModule } from "./secrets-module.ts";
import { redisStoreModule } from "./redis-store-module.ts";
import { storeModule } from "./store-module.ts";
import { systemModule } from "./system-module.ts";
import { vmModule } from "./vm-module.ts";
import { accessModule } from "./access-module.ts";
import { grpcModule } from "./grpc-module.ts";
import { connectModule } from "./connect-module.ts";

/** What `persys-agent` is composed of under these settings. */
export function standardModules({ config }: AgentSettings): readonly ContainerModule[] {
  return [
    systemModule,
    config.stateUrl === noStateUrl ? storeModule : redisStoreModule,
    ...(config.processEnabled ? [processModule] : []),
    ...(config.dockerEnabled ? [dockerModule] : []),
    ...(config.dockerEnabled && config.composeEnabled ? [composeModule] : []),
    ...(config.vmEnabled ? [vmModule] : []),
    secretsModule,
    hostPolicyModule,
    engineModule,
    accessModule,
    guardModule,
    connectModule,
    ...(config.grpcEnabled ? [grpcModule] : []),
  ];
}
