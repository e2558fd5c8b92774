import {
  type AdmissionOptions,
  admitCallers,
  type CallLimitRules,
  CallLimits,
  createAgentHandlers,
  DenialLog,
} from "@persys/transports";
import { ContainerModule, type ServiceIdentifier } from "inversify";
import type { Config } from "../config/config.ts";
import { tokens } from "./tokens.ts";

const denialLog: ServiceIdentifier<DenialLog> = Symbol("DenialLog");

/** So many times the rate may be used up at once by one network that is turned away. */
const refusedBurstFactor = 5;

/** Limits for each caller, and the record of what was denied. */
export const guardModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(denialLog)
    .toResolvedValue(
      (clock, logger, telemetry) => new DenialLog({ clock, logger, telemetry }),
      [tokens.clock, tokens.logger, tokens.telemetry],
    )
    .inSingletonScope();
  bind(tokens.guard)
    .toDynamicValue(async (context) => {
      const { config } = context.get(tokens.settings);
      const clock = context.get(tokens.clock);
      const telemetry = context.get(tokens.telemetry);
      const denials = context.get<DenialLog>(denialLog);
      const { api } = await context.getAsync(tokens.engine);
      const { authenticate } = await context.getAsync(tokens.access);
      const limits = new CallLimits(callLimitRules(config), clock);
      return {
        authenticate: admitCallers(authenticate, {
          limits,
          refusedRate: refusedRate(config),
          denials,
          clock,
        }),
        handlers: createAgentHandlers({
          api,
          logger: context.get(tokens.logger),
          onError: (code) => telemetry.count("errors_total", { error_code: code }),
          limits,
          denials,
        }),
        observer: context.get(tokens.observer),
      };
    })
    .inSingletonScope();
});

function callLimitRules({
  callsPerSecond: perSecond,
  callsBurst: burst,
  callsAtOnce,
  streamsAtOnce,
}: Config): CallLimitRules {
  const rate = perSecond === 0 ? undefined : { perSecond, burst };
  return { rate, callsAtOnce, streamsAtOnce };
}

function refusedRate({
  refusedCallsPerSecond: perSecond,
}: Config): AdmissionOptions["refusedRate"] {
  return perSecond === 0 ? undefined : { perSecond, burst: perSecond * refusedBurstFactor };
}
