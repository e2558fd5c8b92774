import type { Logger, Telemetry } from "@persys/core";
import type { CallObserver } from "@persys/transports";
import { Container, type ContainerModule } from "inversify";
import type { AgentSettings } from "./agent-settings.ts";
import { tokens } from "./tokens.ts";

/** What exists before anything is composed. */
export interface Foundation {
  readonly settings: AgentSettings;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Is told of every call of the API. */
  readonly observer?: CallObserver;
}

const nobody: CallObserver = {
  begin: () => ({ traceparent: undefined, run: (work) => work(), end: () => {} }),
};

/**
 * A container with the foundation and whatever `modules` bind to the {@link tokens}; each part is made once, when it is first asked for.
 * Another runtime, store or transport is another module in the list.
 */
export async function buildContainer(
  foundation: Foundation,
  modules: readonly ContainerModule[],
): Promise<Container> {
  const container = new Container({ defaultScope: "Singleton" });
  container.bind(tokens.settings).toConstantValue(foundation.settings);
  container.bind(tokens.logger).toConstantValue(foundation.logger);
  container.bind(tokens.telemetry).toConstantValue(foundation.telemetry);
  container.bind(tokens.observer).toConstantValue(foundation.observer ?? nobody);
  await container.loadAsync(...modules);
  return container;
}
