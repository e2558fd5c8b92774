import type { AgentHealth } from "@persys/core";
import type { ContainerModule } from "inversify";
import type { AgentSettings } from "../composition/agent-settings.ts";
import { type ComposedAgent, composeAgent, type Places } from "../composition/compose-agent.ts";
import { placeOfState } from "../config/state-url.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { AgentLogger } from "../logging/agent-logger.ts";
import { exitCodeOf } from "../start-failure.ts";
import { listenForStop, type SignalOptions } from "./stop-signals.ts";

/** What serving takes. */
export interface ServeOptions {
  readonly settings: AgentSettings;
  readonly modules: readonly ContainerModule[];
  readonly logger: AgentLogger;
  /** Where signals come from: the process. */
  readonly signals: SignalOptions["source"];
  /** Told once everything is up, with how it is. */
  announce(places: Places, health: AgentHealth): void;
}

/**
 * Makes the agent of its modules, runs it until it is told to stop or has to, and takes it down again. Every failure is logged; none is
 * thrown.
 */
export async function serve(options: ServeOptions): Promise<ExitCode> {
  const { settings, logger, signals } = options;
  const stop = new AbortController();
  const forced = Promise.withResolvers<void>();
  const unlisten = listenForStop({
    source: signals,
    hangUpStops: settings.dev,
    listener: {
      onStop: (signal) => {
        logger.info("stopping; workloads go on running", { signal });
        stop.abort(new Error(`told to stop by ${signal}`));
      },
      onForce: (signal) => {
        logger.warn("told to stop again: ending at once", { signal });
        forced.resolve();
      },
    },
  });
  // Said only now: whoever reads it can rely on a signal to end the agent properly.
  logger.info("starting", {
    version: settings.config.version,
    labels: settings.labels,
    state: placeOfState(settings.config),
  });
  try {
    const agent = await composeAgent(settings, options.modules, logger);
    const code = await runUntilStop(agent, options, stop.signal);
    const whole = await takeDown(agent, settings.config.stopTimeoutMs, forced.promise);
    if (whole) logger.info("stopped");
    else logger.error("did not come to an end in time; workloads go on running");
    return whole || code !== exitCodes.stopped ? code : exitCodes.stopIncomplete;
  } catch (error) {
    return failed(logger, error);
  } finally {
    unlisten();
  }
}

/** Runs the agent. Resolves when it is to be taken down, with the exit code that goes with the reason. */
async function runUntilStop(
  agent: ComposedAgent,
  options: ServeOptions,
  stop: AbortSignal,
): Promise<ExitCode> {
  const told = Promise.withResolvers<undefined>();
  stop.addEventListener("abort", () => told.resolve(undefined), { once: true });
  try {
    await agent.lifecycle.start(stop);
    options.announce(agent.places(), agent.engine.api.health());
    const failure = await Promise.race([agent.engine.failed, told.promise]);
    return failure === undefined ? exitCodes.stopped : engineFailed(options.logger, failure);
  } catch (error) {
    return stop.aborted ? exitCodes.stopped : failed(options.logger, error);
  }
}

/** Takes the agent down. @returns false when something did not end, or nobody wanted to wait for it. */
async function takeDown(
  agent: ComposedAgent,
  timeoutMs: number,
  forced: Promise<void>,
): Promise<boolean> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, timeoutMs);
  const whole = agent.lifecycle.stop().then(async (unfinished) => {
    await agent.release();
    return unfinished.length === 0;
  });
  try {
    return await Promise.race([whole, forced.then(() => false), late.promise.then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}

function engineFailed(logger: AgentLogger, error: Error): ExitCode {
  logger.error(`the engine had to stop: ${error.message}`, { error });
  return exitCodes.engineFailed;
}

/** What a person can put right is said in a sentence; only the unexpected is worth a stack. */
function failed(logger: AgentLogger, error: unknown): ExitCode {
  const code = exitCodeOf(error);
  const sentence = error instanceof Error ? error.message : String(error);
  logger.error(sentence, code === exitCodes.unexpected ? { error } : {});
  return code;
}
