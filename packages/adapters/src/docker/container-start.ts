import { type FailureContext, startFailure } from "./container-start-failure.ts";
import { isMissing } from "./docker-errors.ts";
import type { OnLate } from "./late-calls.ts";

/** What a start is made with. */
export interface StartContext extends FailureContext {
  /** Receives a start that was called off, and that the engine goes on with. */
  readonly onLate: OnLate;
}

/** Starts a container that does not run. @throws {AgentError} with what {@link startFailure} finds to be the cause. */
export async function startContainer(id: string, context: StartContext): Promise<void> {
  try {
    await startJoined(id, context);
  } catch (error) {
    throw await startFailure(error, id, context);
  }
}

/**
 * A container knows its network by id. Where the engine misses that, but has a network of its name (it was removed and made again), the
 * container joins that one first.
 */
async function startJoined(id: string, { client, onLate, signal }: StartContext): Promise<void> {
  try {
    await client.start(id, signal, onLate);
  } catch (error) {
    const report = isMissing(error) ? await client.container(id, signal) : undefined;
    const network = report?.HostConfig.NetworkMode;
    if (network === undefined || !(await client.hasNetwork(network, signal))) throw error;
    await client.disconnect(network, id, signal);
    await client.connect(network, id, signal);
    await client.start(id, signal, onLate);
  }
}
