import { createEngine, type EnginePolicy } from "@persys/core";
import { ContainerModule } from "inversify";
import type { Config } from "../config/config.ts";
import { exitCodes } from "../exit-codes.ts";
import { StartFailure } from "../start-failure.ts";
import { tokens } from "./tokens.ts";

/** The engine, of everything that the other modules bound. */
export const engineModule: ContainerModule = new ContainerModule(({ bind, isBound }) => {
  bind(tokens.engine)
    .toDynamicValue(async (context) => {
      if (!isBound(tokens.runtime)) {
        throw new StartFailure(
          exitCodes.configuration,
          "at least one runtime must be enabled; set PERSYS_PROCESS_ENABLED=true, PERSYS_DOCKER_ENABLED=true or PERSYS_VM_ENABLED=true",
        );
      }
      const { config, nodeId } = context.get(tokens.settings);
      return createEngine({
        nodeId,
        version: config.version,
        runtimes: await context.getAllAsync(tokens.runtime),
        store: await context.getAsync(tokens.store),
        clock: context.get(tokens.clock),
        random: context.get(tokens.random),
        logger: context.get(tokens.logger),
        telemetry: context.get(tokens.telemetry),
        resources: context.get(tokens.resources),
        secretSealer: context.get(tokens.secretSealer),
        hostPolicy: await context.getAsync(tokens.hostPolicy),
        policy: enginePolicy(config),
      });
    })
    .inSingletonScope();
});

/** What the settings say to the engine. */
export function enginePolicy(config: Config): Partial<EnginePolicy> {
  return {
    settleAfterMs: config.settleTimeMs,
    restoreAfterAttempts: config.restoreAfterAttempts,
    updatePolicy: config.updatePolicy,
    revisionConflict: config.revisionConflict,
    backoffBaseMs: config.backoffBaseMs,
    backoffMaxMs: config.backoffMaxMs,
    // Without reconciling, neither events nor the periodic comparison make the engine look.
    eventsEnabled: config.reconcileEnabled && config.eventsEnabled,
    resyncIntervalMs: config.reconcileEnabled ? config.reconcileIntervalMs : 0,
    usageIntervalMs: config.usageIntervalMs,
    prepareTimeoutMs: config.prepareTimeoutMs,
    stepTimeoutMs: config.stepTimeoutMs,
    workloadsMax: config.workloadsMax,
    actionsMax: config.actionsMax,
    actionsMaxAgeMs: config.actionsMaxAgeMs,
  };
}
