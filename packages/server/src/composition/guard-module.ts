import type { Clock, Logger, Telemetry } from "@persys/core";
import type { DenialLog } from "@persys/transports";
import { ContainerModule, type ServiceIdentifier } from "inversify";
import { tokens } from "./tokens.ts";

const denialLog: ServiceIdentifier<DenialLog> = Symbol("DenialLog");

/** So many times the rate may be used up at once by one network that is turned away. */
const refusedBurstFactor = 5;

/** What stands between the transports and the agent: limits for each caller, and the record of what was denied. */
export const guardModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(denialLog)
    .toResolvedValue(
      async (clock: Clock, logger: Logger, telemetry: Telemetry) => {
        const { DenialLog: Denials } = await import("@persys/transports");
        return new Denials({ clock, logger, telemetry });
      },
      [tokens.clock, tokens.logger, tokens.telemetry],
    )
    .inSingletonScope();
  bind(tokens.authenticate)
    .toResolvedValue(
      async ({ config }, access, denials: DenialLog, clock) => {
        const { notedRefusals } = await import("@persys/transports");
        const { refusedCallsPerSecond: perSecond } = config;
        const rate =
          perSecond === 0 ? undefined : { perSecond, burst: perSecond * refusedBurstFactor };
        return notedRefusals(access.authenticate, { rate, denials, clock });
      },
      [tokens.settings, tokens.access, denialLog, tokens.clock],
    )
    .inSingletonScope();
  bind(tokens.handlers)
    .toResolvedValue(
      async ({ config }, { api }, denials: DenialLog, clock, logger) => {
        const { CallLimits, createAgentHandlers } = await import("@persys/transports");
        const { callsPerSecond: perSecond, callsBurst: burst } = config;
        const { callsAtOnce, streamsAtOnce } = config;
        const rate = perSecond === 0 ? undefined : { perSecond, burst };
        const limits = new CallLimits({ rate, callsAtOnce, streamsAtOnce }, clock);
        return createAgentHandlers({ api, logger, limits, denials });
      },
      [tokens.settings, tokens.engine, denialLog, tokens.clock, tokens.logger],
    )
    .inSingletonScope();
});
