import type { ContainerSpec, WorkloadId } from "@persys/core";
import { nameTaken } from "./container-maker.ts";
import { containerName } from "./container-names.ts";
import { networkMissing } from "./container-start-failure.ts";
import type { DockerClient } from "./docker-client.ts";
import { type DockerEndpoint, isLocalEndpoint } from "./docker-endpoint.ts";
import { marksOf } from "./container-labels.ts";
import { hostPathFailure } from "./host-paths.ts";

/** Networks that every engine has. */
const builtInNetworks: ReadonlySet<string> = new Set(["bridge", "host", "none"]);

/** What a container stands on besides its image. */
export interface SurroundingsInput {
  readonly id: WorkloadId;
  readonly spec: ContainerSpec;
}

/** Where it is looked. */
export interface SurroundingsContext {
  readonly client: DockerClient;
  readonly endpoint: DockerEndpoint;
  readonly nodeId: string;
  readonly signal: AbortSignal;
}

/**
 * Looks whether the host's paths, the network and the name are to be had, before anything that runs is disturbed.
 * @throws {AgentError} STORAGE_ERROR, NETWORK_ERROR or NAME_CONFLICT: each can be put right without another spec.
 */
export async function checkSurroundings(
  { id, spec }: SurroundingsInput,
  context: SurroundingsContext,
): Promise<void> {
  // An engine elsewhere has other files.
  if (isLocalEndpoint(context.endpoint)) await checkHostPaths(spec);
  await checkNetwork(spec, context);
  await checkName(id, context);
}

async function checkHostPaths({ volumes = [] }: ContainerSpec): Promise<void> {
  const failure = await hostPathFailure(volumes.map((it) => it.hostPath));
  if (failure !== undefined) throw failure;
}

async function checkNetwork(
  { network = "bridge" }: ContainerSpec,
  { client, signal }: SurroundingsContext,
): Promise<void> {
  if (builtInNetworks.has(network)) return;
  if (!(await client.hasNetwork(network, signal))) throw networkMissing(network);
}

async function checkName(id: WorkloadId, context: SurroundingsContext): Promise<void> {
  const { client, nodeId, signal } = context;
  const name = containerName(id);
  const holder = await client.named(name, signal);
  if (holder === undefined) return;
  if (marksOf(holder.Config.Labels, [holder.Name], nodeId)?.id === id) return;
  throw nameTaken(name, holder.Id);
}
