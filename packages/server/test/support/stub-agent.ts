import type { AgentApi, AgentError, AgentHealth, Engine } from "@persys/core";
import { ContainerModule } from "inversify";
import type { AgentSettings } from "../../src/composition/agent-settings.ts";
import { type ServerTransport, tokens } from "../../src/composition/tokens.ts";
import { loadConfig } from "../../src/config/load-config.ts";

/** Settings of an agent that keeps everything in `devDir` and takes any free ports. */
export function stubSettings(
  devDir: string,
  env: Readonly<Record<string, string>> = {},
): AgentSettings {
  const loaded = loadConfig({
    flags: {},
    env: { PERSYS_HTTP_PORT: "0", PERSYS_GRPC_PORT: "0", PERSYS_METRICS_PORT: "0", ...env },
    file: undefined,
    devDir,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return {
    config: loaded.config,
    dev: true,
    nodeId: devDir,
    labels: {},
    dockerConfigFile: undefined,
    configFile: undefined,
    reread: () => loaded,
    token: "t".repeat(40),
  };
}

/** An engine that does nothing, and what it was asked to do. */
export interface StubEngine extends Engine {
  readonly asked: readonly string[];
  fail(error: AgentError): void;
}

const health: AgentHealth = {
  healthy: true,
  reasons: [],
  version: "1",
  nodeId: "n",
  runtimes: {},
  runtimeVersions: {},
  store: "healthy",
  utilization: { memoryPercent: 0, cpuPercent: 0, diskPercent: 0 },
  workloads: { pending: 0, running: 0, stopped: 0, failed: 0, unknown: 0 },
  orphans: [],
};

/** One that starts and stops as told; by default at once. */
export function stubEngine(over: Partial<Pick<Engine, "start" | "stop">> = {}): StubEngine {
  const asked: string[] = [];
  const failure = Promise.withResolvers<AgentError>();
  const api: Pick<AgentApi, "health" | "list" | "actions"> = {
    health: () => health,
    list: () => [],
    actions: () => [],
  };
  return {
    asked,
    api: api as AgentApi,
    failed: failure.promise,
    fail: failure.resolve,
    start: (signal) => {
      asked.push("start");
      return over.start?.(signal) ?? Promise.resolve();
    },
    stop: () => {
      asked.push("stop");
      return over.stop?.() ?? Promise.resolve();
    },
  };
}

/** A module that binds the engine and a transport that listens nowhere. */
export function stubModule(engine: Engine, over: Partial<ServerTransport> = {}): ContainerModule {
  const place = {
    what: "the API",
    address: "127.0.0.1",
    port: 1,
    addressSetting: "A",
    portSetting: "P",
  };
  const transport: ServerTransport = {
    name: "http",
    place,
    start: () => Promise.resolve("http://127.0.0.1:1"),
    stop: () => Promise.resolve(),
    ...over,
  };
  return new ContainerModule(({ bind }) => {
    bind(tokens.engine).toConstantValue(engine);
    bind(tokens.transport).toConstantValue(transport);
  });
}
