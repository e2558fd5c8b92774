import { AgentError, type Logger } from "@persys/core";
import { pause } from "../shared/wait.ts";
import { type About, aboutCodec } from "../shared/about.ts";
import { epochBeyond } from "../shared/epoch-beyond.ts";
import { loadState, type ReadPage } from "./load-state.ts";
import { fateOf, giveUp, newOpening, type Ownership, ownershipCodec, thisOwner } from "./owner.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { takeScript } from "./redis-scripts.ts";

/** What taking ownership needs. */
export interface OwnershipRequest {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly nodeId: string;
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly readPage: ReadPage;
}

/** An ownership that was taken. */
export interface TakenOwnership {
  readonly epoch: number;
  readonly opening: string;
}

/** Who holds the state, as stored. */
interface Holding {
  /** As the scripts compare it; empty when there was never an owner. */
  readonly opening: string;
  /** Undefined when it is missing or damaged. */
  readonly ownership: Ownership | undefined;
  readonly why: string;
  /** The opening that holds the lease. */
  readonly lease: string | undefined;
  /** What is left of the lease, in milliseconds; negative for one that is gone or never ends. */
  readonly leftMs: number;
}

/**
 * Raises the epoch and takes the lease. Where another opening holds it: one whose process has ended is displaced; one that cannot be seen from
 * here is watched until its lease is renewed or over.
 * @throws {AgentError} OWNED_BY_OTHER naming the owner; STORE_UNAVAILABLE when the state is of another node or of a newer layout.
 * @throws what the connection failed with; the reason of `signal`.
 */
export async function takeOwnership(request: OwnershipRequest): Promise<TakenOwnership> {
  const { signal } = request;
  const about = await newAbout(request);
  for (;;) {
    signal.throwIfAborted();
    const holding = await readHolding(request);
    if (isHeld(holding)) {
      await whenFree(request, holding);
      continue;
    }
    const taken = await take(request, holding, about);
    // Where another opener was faster, that one is looked at next.
    if (taken !== undefined) return taken;
  }
}

/** Undefined when the holding is not any more as it was read. */
async function take(
  request: OwnershipRequest,
  holding: Holding,
  about: About | undefined,
): Promise<TakenOwnership | undefined> {
  const { connection, keys, leaseMs } = request;
  const epoch = (await lastEpoch(request, holding)) + 1;
  const opening = newOpening();
  let isTaken = false;
  try {
    const [word] = await connection.run(
      takeScript,
      [keys.owner, keys.lease, keys.about],
      [
        holding.opening,
        opening,
        ownershipCodec.encode(thisOwner(epoch, opening)),
        leaseMs,
        holding.lease ?? "",
        about === undefined ? "" : aboutCodec.encode(about),
      ],
    );
    isTaken = word === "OK";
    return isTaken ? { epoch, opening } : undefined;
  } finally {
    if (!isTaken) giveUp(opening);
  }
}

/** What is to be written about the state: nothing where it says already that it is this node's. */
async function newAbout(request: OwnershipRequest): Promise<About | undefined> {
  const { connection, keys, nodeId, logger } = request;
  const { place } = connection;
  const bytes = await connection.read((redis) => redis.getBuffer(keys.about));
  const stored = bytes === null ? undefined : aboutCodec.decode("about", bytes);
  if (stored?.ok === true) {
    if (stored.value.nodeId === nodeId) return undefined;
    throw new AgentError(
      "STORE_UNAVAILABLE",
      `the state under ${keys.about} in ${place} is that of node ${stored.value.nodeId}, not of ${nodeId}`,
      { effect: "none", fault: "user", details: { server: place, nodeId } },
    );
  }
  if (stored?.defect.kind === "newer") {
    throw new AgentError(
      "STORE_UNAVAILABLE",
      `the state of ${nodeId} in ${place} ${stored.defect.why}: start that version again, or use another database`,
      { effect: "none", fault: "user", details: { server: place } },
    );
  }
  if (stored !== undefined) {
    logger.warn("the description of the state is damaged and written anew", {
      server: place,
      why: stored.defect.why,
    });
  }
  return { nodeId, createdAtMs: Date.now() };
}

/**
 * Read in one go, in which others may take the state all the same: the script that takes compares what was read. The lease comes first, so that
 * whoever holds it has said already who that is, and nobody waits for an owner that is only known to be there.
 */
async function readHolding({ connection, keys }: OwnershipRequest): Promise<Holding> {
  return connection.read(async (redis) => {
    const [lease, [opening, entry], leftMs] = await Promise.all([
      redis.get(keys.lease),
      redis.hmgetBuffer(keys.owner, "opening", "ownership"),
      redis.pttl(keys.lease),
    ]);
    const decoded = entry ? ownershipCodec.decode("owner", entry) : undefined;
    return {
      opening: opening?.toString("latin1") ?? "",
      ownership: decoded?.ok === true ? decoded.value : undefined,
      why: decoded?.ok === false ? decoded.defect.why : "it is missing",
      lease: lease ?? undefined,
      leftMs,
    };
  });
}

function isHeld({ lease, ownership }: Holding): boolean {
  if (lease === undefined) return false;
  const isOwners = ownership !== undefined && ownership.opening === lease;
  return !isOwners || fateOf(ownership) !== "ended";
}

/**
 * Resolves when the lease is over. An owner renews it three times while it lasts.
 * @throws {AgentError} OWNED_BY_OTHER as soon as it is known that the owner lives.
 */
async function whenFree(request: OwnershipRequest, held: Holding): Promise<void> {
  const { ownership } = held;
  const lookEveryMs = Math.max(10, request.leaseMs / 40);
  if (ownership !== undefined && fateOf(ownership) === "runs") throw ownedBy(request, held);
  for (let before = held; ; ) {
    await pause(lookEveryMs, request.signal);
    const now = await readHolding(request);
    if (now.lease === undefined) return;
    const isRenewed = now.leftMs > before.leftMs || now.leftMs < 0;
    if (now.lease !== held.lease || isRenewed) throw ownedBy(request, now);
    before = now;
  }
}

function ownedBy({ connection, nodeId }: OwnershipRequest, held: Holding): AgentError {
  const { place } = connection;
  const { ownership } = held;
  const other =
    ownership === undefined
      ? "another agent, which has not said which"
      : `process ${ownership.pid} on ${ownership.host} since ${new Date(ownership.sinceMs).toISOString()}`;
  return new AgentError(
    "OWNED_BY_OTHER",
    `the state of node ${nodeId} in ${place} is owned by ${other}; stop that agent first, or give this one another node id`,
    {
      effect: "none",
      details: {
        server: place,
        nodeId,
        ...(ownership === undefined
          ? {}
          : { pid: ownership.pid, host: ownership.host, sinceMs: ownership.sinceMs }),
      },
    },
  );
}

async function lastEpoch(request: OwnershipRequest, holding: Holding): Promise<number> {
  if (holding.ownership !== undefined) return holding.ownership.epoch;
  const { logger, connection, readPage, signal } = request;
  const { records } = await loadState(readPage, signal);
  if (holding.opening === "" && records.length === 0) return 0;
  const epoch = epochBeyond(records, Date.now());
  const server = connection.place;
  logger.warn("the last epoch is lost; going on well beyond it", {
    server,
    epoch,
    why: holding.why,
  });
  return epoch;
}
