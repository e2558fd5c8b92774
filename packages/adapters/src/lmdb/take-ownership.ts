import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { AgentError, type Logger } from "@persys/core";
import { type About, aboutCodec } from "../shared/about.ts";
import { epochBeyond } from "../shared/epoch-beyond.ts";
import type { Decoded } from "../shared/record-codec/envelope.ts";
import type { LmdbEnvironment } from "./lmdb-environment.ts";
import { loadState } from "./load-state.ts";
import { aboutKey, ownershipCodec, ownershipKey } from "./store-entries.ts";

/** What taking ownership needs. */
export interface OwnershipRequest {
  readonly environment: LmdbEnvironment;
  readonly nodeId: string;
  readonly path: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** An ownership that was taken. */
export interface TakenOwnership {
  readonly epoch: number;
  /** What `store/owner` holds for as long as the ownership lasts. */
  readonly entry: Buffer;
}

/**
 * Raises the epoch durably.
 * @throws {AgentError} STORE_UNAVAILABLE when the state is another node's or of a newer layout, STORE_UNAVAILABLE or STORE_FULL when it
 *   cannot be read or written.
 */
export async function takeOwnership(request: OwnershipRequest): Promise<TakenOwnership> {
  const { environment } = request;
  const about = newAbout(request);
  const epoch = (await lastEpoch(request)) + 1;
  const entry = ownershipCodec.encode({
    epoch,
    opening: randomUUID(),
    pid: process.pid,
    host: hostname(),
    sinceMs: Date.now(),
  });
  await environment.transact((transaction) => {
    if (about !== undefined) transaction.put(aboutKey, aboutCodec.encode(about));
    transaction.put(ownershipKey, entry);
  });
  return { epoch, entry };
}

/** What is to be written about the database: nothing where it says already that it is this node's. */
function newAbout({ environment, nodeId, path, logger }: OwnershipRequest): About | undefined {
  const stored = decodeStored(environment.get(aboutKey), (bytes) =>
    aboutCodec.decode("about", bytes),
  );
  if (stored?.ok === true) {
    if (stored.value.nodeId === nodeId) return undefined;
    throw new AgentError(
      "STORE_UNAVAILABLE",
      `the state in ${path} is that of node ${stored.value.nodeId}, not of ${nodeId}: use that node id, or another state folder`,
      {
        effect: "none",
        fault: "user",
        details: { path, nodeId, storedNodeId: stored.value.nodeId },
      },
    );
  }
  if (stored?.defect.kind === "newer") {
    throw new AgentError(
      "STORE_UNAVAILABLE",
      `the state in ${path} ${stored.defect.why}: start that version again, or use another state folder`,
      { effect: "none", fault: "user", details: { path } },
    );
  }
  if (stored !== undefined) {
    logger.warn("the description of the state is damaged and written anew", {
      path,
      why: stored.defect.why,
    });
  }
  return { nodeId, createdAtMs: Date.now() };
}

async function lastEpoch({ environment, path, logger, signal }: OwnershipRequest): Promise<number> {
  const stored = decodeStored(environment.get(ownershipKey), (bytes) =>
    ownershipCodec.decode("owner", bytes),
  );
  if (stored?.ok === true) return stored.value.epoch;
  const { records } = await loadState(environment, signal);
  if (stored === undefined && records.length === 0) return 0;
  const epoch = epochBeyond(records, Date.now());
  const why = stored?.defect.why ?? "it is missing";
  logger.warn("the last epoch is lost; going on well beyond it", { path, epoch, why });
  return epoch;
}

function decodeStored<T>(
  bytes: Uint8Array | undefined,
  decode: (bytes: Uint8Array) => Decoded<T>,
): Decoded<T> | undefined {
  return bytes === undefined ? undefined : decode(bytes);
}
