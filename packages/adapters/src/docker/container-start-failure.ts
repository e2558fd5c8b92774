import { createSocket } from "node:dgram";
import { once } from "node:events";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { AgentError } from "@persys/core";
import { type DockerEndpoint, isLocalEndpoint } from "./docker-endpoint.ts";
import type { DockerClient } from "./docker-client.ts";
import { errnoOf, httpStatusOf } from "./docker-errors.ts";
import type { ContainerReport } from "./docker-reports.ts";
import { hostPathFailure } from "./host-paths.ts";

/** What it takes to look for the cause. */
export interface FailureContext {
  readonly client: DockerClient;
  readonly endpoint: DockerEndpoint;
  readonly signal: AbortSignal;
}

/** Exit codes that the engine notes for a program it could not execute, as shells do. */
const notFoundCode = 127;
const notExecutableCode = 126;

/** With less free space than this an engine cannot set up a container. */
const freeBytesMin = 1_048_576;

/**
 * Why a container did not start. The engine answers 500 to nearly everything and tells the cause only in words, which change between
 * versions; so the cause is looked for: is the port taken, is the disk full, did the program exist. An error that says enough is returned
 * as it is.
 */
export async function startFailure(
  error: unknown,
  containerId: string,
  context: FailureContext,
): Promise<unknown> {
  const status = httpStatusOf(error);
  if (status === undefined || !AgentError.is(error)) return error;
  const report = await context.client.container(containerId, context.signal);
  if (report === undefined || report.State.Running) return error;
  switch (status) {
    case 400:
      return (await pathFailure(error, report, context)) ?? programFailure(error, report);
    case 404:
      // Of what a start needs only a network can be missing, where the container itself is there.
      return networkMissing(report.HostConfig.NetworkMode, error);
    case 500:
      return (
        (await portFailure(error, report, context)) ??
        (await pathFailure(error, report, context)) ??
        (await spaceFailure(error, context)) ??
        new AgentError(error.code, error.message, optionsOf(error))
      );
    default:
      return new AgentError(error.code, error.message, optionsOf(error));
  }
}

async function pathFailure(
  error: AgentError,
  { HostConfig }: ContainerReport,
  { endpoint }: FailureContext,
): Promise<AgentError | undefined> {
  if (!isLocalEndpoint(endpoint)) return undefined;
  const binds = HostConfig.Mounts.filter((it) => it.Type === "bind");
  return hostPathFailure(
    binds.map((it) => it.Source),
    error,
  );
}

function programFailure(error: AgentError, report: ContainerReport): AgentError {
  switch (report.State.ExitCode) {
    case notFoundCode:
      return new AgentError("COMMAND_NOT_FOUND", error.message, optionsOf(error));
    case notExecutableCode:
      return new AgentError("PERMISSION_DENIED", error.message, optionsOf(error));
    default:
      return new AgentError("INVALID_SPEC", error.message, optionsOf(error));
  }
}

/** A network that a spec names does not exist. */
export function networkMissing(network: string, cause?: unknown): AgentError {
  return new AgentError(
    "NETWORK_ERROR",
    `there is no network ${network}: make it with \`docker network create ${network}\`, or name another`,
    { effect: "none", retryable: true, fault: "user", details: { network }, cause },
  );
}

async function portFailure(
  error: AgentError,
  report: ContainerReport,
  context: FailureContext,
): Promise<AgentError | undefined> {
  for (const asked of publishedPorts(report)) {
    const { hostIp, hostPort, transport } = asked;
    const holder = await publisherOf(asked, report.Id, context);
    const isTaken =
      holder !== undefined || (isLocalEndpoint(context.endpoint) && (await isBound(asked)));
    if (!isTaken) continue;
    const who = holder === undefined ? "something else on this host" : `container ${holder}`;
    const port = `${transport} port ${hostPort}${hostIp === "" ? "" : ` of ${hostIp}`}`;
    return new AgentError(
      "PORT_CONFLICT",
      `${port} is in use by ${who}: free it, or publish another`,
      {
        ...optionsOf(error),
        retryable: true,
        details: { port: hostPort, protocol: transport },
      },
    );
  }
  return undefined;
}

interface PublishedPort {
  /** Empty: all addresses. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** `tcp` or `udp`. */
  readonly transport: string;
}

/** The ports of the host that a container asks for by number. */
function publishedPorts({ HostConfig }: ContainerReport): readonly PublishedPort[] {
  return Object.entries(HostConfig.PortBindings).flatMap(([port, bindings]) =>
    (bindings ?? [])
      .filter(({ HostPort }) => Number(HostPort) > 0)
      .map(({ HostIp, HostPort }) => ({
        hostIp: HostIp,
        hostPort: Number(HostPort),
        transport: port.split("/")[1] ?? "tcp",
      })),
  );
}

async function publisherOf(
  { hostIp, hostPort, transport }: PublishedPort,
  containerId: string,
  { client, signal }: FailureContext,
): Promise<string | undefined> {
  const publishers = await client.publishers(hostPort, signal);
  const holder = publishers.find(
    (it) =>
      it.Id !== containerId &&
      it.Ports.some(
        ({ IP = "", PublicPort, Type }) =>
          PublicPort === hostPort && Type === transport && overlap(IP, hostIp),
      ),
  );
  return holder === undefined ? undefined : (holder.Names[0]?.slice(1) ?? holder.Id.slice(0, 12));
}

/** Whether one port cannot be had at both addresses. */
function overlap(a: string, b: string): boolean {
  const everywhere = ["", "0.0.0.0", "::"];
  return a === b || everywhere.includes(a) || everywhere.includes(b);
}

/** Whether a port of this host is bound, by trying to bind it. What else goes wrong says nothing about that. */
async function isBound({ hostIp, hostPort, transport }: PublishedPort): Promise<boolean> {
  const address = hostIp === "" ? "0.0.0.0" : hostIp;
  try {
    await (transport === "udp" ? bindUdp(hostPort, address) : bindTcp(hostPort, address));
    return false;
  } catch (error) {
    return errnoOf(error) === "EADDRINUSE";
  }
}

async function bindTcp(port: number, host: string): Promise<void> {
  const server = createServer();
  server.listen({ port, host, exclusive: true });
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

async function bindUdp(port: number, address: string): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.bind({ port, address, exclusive: true });
  try {
    await once(socket, "listening");
  } finally {
    socket.close();
  }
}

async function spaceFailure(
  error: AgentError,
  context: FailureContext,
): Promise<AgentError | undefined> {
  if (!(await isEngineDiskFull(context))) return undefined;
  return new AgentError("STORAGE_ERROR", `the disk of the engine is full: ${error.message}`, {
    ...optionsOf(error),
    retryable: true,
  });
}

/** Whether there is next to no space where the engine keeps its data; false where that cannot be looked at. */
async function isEngineDiskFull({ client, endpoint, signal }: FailureContext): Promise<boolean> {
  if (!isLocalEndpoint(endpoint)) return false;
  try {
    const { rootFolder } = await client.facts(signal);
    const { bavail, bsize } = await statfs(rootFolder);
    return bavail * bsize < freeBytesMin;
  } catch {
    signal.throwIfAborted();
    return false; // It only would have told a cause; the failure itself is reported either way.
  }
}

/** The engine said no: nothing was started. */
function optionsOf(error: AgentError): {
  readonly fault: "user" | "system";
  readonly retryable: boolean;
  readonly effect: "none";
  readonly details: AgentError["details"];
  readonly cause: unknown;
} {
  const { fault, retryable, details, cause } = error;
  return { fault, retryable, effect: "none", details, cause };
}
