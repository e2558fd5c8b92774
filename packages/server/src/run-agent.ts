import type { EventEmitter } from "node:events";
import type { AgentHealth } from "@persys/core";
import type { ContainerModule } from "inversify";
import { runCertsCommand } from "./cli/certs-command.ts";
import { helpText, parseCommandLine } from "./cli/command-line.ts";
import {
  findConfig,
  type SettledFrom,
  type SettingsRequest,
  settle,
  type Surroundings,
} from "./cli/load-settings.ts";
import { runKeysCommand } from "./cli/keys-command.ts";
import { runTokenCommand } from "./cli/token-command.ts";
import type { AgentSettings } from "./composition/agent-settings.ts";
import type { Places } from "./composition/compose-agent.ts";
import { describeProblem } from "./config/load-config.ts";
import { isRemoteEndpoint } from "./config/docker-endpoint.ts";
import { isLoopback } from "./config/network-address.ts";
import { showConfig } from "./config/show-config.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { describeRuntimes } from "./describe-runtimes.ts";
import { type AgentLogger, createLogger, type LogStream } from "./logging/agent-logger.ts";
import { exitCodeOf } from "./start-failure.ts";
import { packageVersion } from "./version.ts";

/** The process that the agent is, or what stands for it in a test. */
export interface Host extends Surroundings {
  /** Arguments without the program's own name. */
  readonly argv: readonly string[];
  readonly stdout: LogStream;
  readonly stderr: LogStream;
  /** Where signals and the end of the process come from. */
  readonly process: Pick<EventEmitter, "on" | "off">;
  /** What the agent is composed of. Asked for only when it is to run. */
  modules(settings: AgentSettings): Promise<readonly ContainerModule[]>;
}

/** Does what the command line asks for. @returns the exit code once it is done; never throws for what a person can put right. */
export async function runAgent(host: Host): Promise<ExitCode> {
  const [first, ...rest] = host.argv;
  if (first === "certs") return runCertsCommand(rest, host);
  if (first === "keys") return runKeysCommand(rest, host);
  if (first === "token") return runTokenCommand(rest, host);
  const command = parseCommandLine(host.argv);
  switch (command.kind) {
    case "help":
      host.stdout.write(helpText());
      return exitCodes.stopped;
    case "version":
      host.stdout.write(`${packageVersion}\n`);
      return exitCodes.stopped;
    case "wrong":
      complain(host, [...command.sentences, "persys-agent --help shows what there is"]);
      return exitCodes.configuration;
    case "check-config":
    case "print-config":
    case "run":
      break;
  }
  const loaded = findConfig(command, host);
  if (!loaded.ok) {
    complain(host, [...loaded.problems.map(describeProblem), ...loaded.warnings]);
    return exitCodes.configuration;
  }
  if (command.kind === "run") {
    return run(host, command, { ...loaded, reread: () => findConfig(command, host) });
  }
  complain(host, loaded.warnings);
  host.stdout.write(
    command.kind === "check-config"
      ? "the settings are right\n"
      : showConfig(loaded.config, loaded.origins),
  );
  return exitCodes.stopped;
}

async function run(host: Host, { dev }: SettingsRequest, found: SettledFrom): Promise<ExitCode> {
  const { config, warnings } = found;
  let settled: ReturnType<typeof settle>;
  try {
    settled = settle(found, dev, host);
  } catch (error) {
    complain(host, [error instanceof Error ? error.message : String(error)]);
    return exitCodeOf(error);
  }
  const { settings } = settled;
  const logger = await createLogger({
    level: config.logLevel,
    format: config.logFormat,
    nodeId: settings.nodeId,
    stream: host.stderr,
  });
  for (const warning of [...warnings, ...settled.warnings, ...reachWarnings(settings)])
    logger.warn(warning);
  const release = logCrashes(host.process, logger);
  try {
    // What only a running agent needs is imported only now: --help and the like answer at once.
    const [{ serve }, modules] = await Promise.all([
      import("./lifecycle/serve.ts"),
      host.modules(settings),
    ]);
    const announce = (places: Places, health: AgentHealth): void => {
      const runtimes = describeRuntimes(health);
      logger.info("serving", { ...places, runtimes });
      if (dev) host.stdout.write(welcome(settings, places, runtimes));
    };
    return await serve({ settings, modules, logger, signals: host.process, announce });
  } finally {
    release();
    logger.flush();
  }
}

/** What a person is told who has just started a development agent. */
function welcome(
  { config, nodeId }: AgentSettings,
  { http, grpc, metrics }: Places,
  runtimes: Readonly<Record<string, string>>,
): string {
  const width = Math.max(...Object.keys(runtimes).map((type) => type.length));
  const found = Object.entries(runtimes).map(
    ([type, words]) => `    ${type.padEnd(width)}  ${words}\n`,
  );
  return `
persys-agent ${config.version} is up

  API      ${http}${grpc === "" ? "" : `, gRPC ${grpc}`}
  token    ${config.tokenFile}
  health   ${metrics}/health
  node     ${nodeId}
  state    ${config.devDir}

  runtimes
${found.join("")}
Try this in another terminal:

  npx persysctl apply -f examples/hello.yaml --wait

`;
}

/** What an operator should know who has opened the agent, or what it works with, to the network. */
function reachWarnings({ config }: AgentSettings): readonly string[] {
  const { httpAddress, grpcAddress, dockerEndpoint: engine } = config;
  const isBareEngine =
    config.dockerEnabled && isRemoteEndpoint(engine) && config.dockerCertificates === "none";
  const open = [httpAddress, ...(config.grpcEnabled ? [grpcAddress] : [])].filter(
    (address) => !config.tlsEnabled && !isLoopback(address),
  );
  const api = `the API at ${open.join(" and ")} is served without TLS: the token crosses the network readable`;
  const docker = `the Docker engine at ${engine} is spoken to without TLS: whoever reaches it controls that machine (PERSYS_DOCKER_CERTS)`;
  return [...(open.length === 0 ? [] : [api]), ...(isBareEngine ? [docker] : [])];
}

/** Logs what nobody caught, before the process ends with exit code 1 as Node has it. */
function logCrashes(source: Host["process"], logger: AgentLogger): () => void {
  const log = (error: unknown): void => {
    logger.error("unexpected error; the agent ends, workloads go on running", { error });
    logger.flush();
  };
  source.on("uncaughtExceptionMonitor", log);
  return () => source.off("uncaughtExceptionMonitor", log);
}

function complain(host: Host, sentences: readonly string[]): void {
  for (const sentence of sentences) host.stderr.write(`persys-agent: ${sentence}\n`);
}
