import { randomUUID } from "node:crypto";
import { RedisStateStore, type RedisStateStoreOptions } from "@persys/adapters/redis";
import { AgentError, type Logger, type StoredState } from "@persys/core";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** A node id that no other test has. */
export function newNodeId(): string {
  return `node-${randomUUID()}`;
}

/** A store that is closed with the test. */
export function storeAt(
  url: string,
  nodeId: string,
  more: Partial<RedisStateStoreOptions> = {},
): RedisStateStore {
  const store = new RedisStateStore({ url, nodeId, ...more });
  onTestFinished(() => store.close());
  return store;
}

/** What is stored of the node, read by a store of its own. */
export async function readAt(url: string, nodeId: string): Promise<StoredState> {
  const store = new RedisStateStore({ url, nodeId });
  try {
    return await store.open(never);
  } finally {
    await store.close();
  }
}

/** The key of a node, as docs/operations.md names it. */
export function keyOf(nodeId: string, name: string): string {
  return `{persys:${nodeId}}:${name}`;
}

/** A client beside the store; closed with the test. */
export function clientAt(url: string, options: { readonly password?: string } = {}): Redis {
  const { hostname: host, port } = new URL(url);
  const client = new Redis({
    host,
    port: Number(port),
    ...options,
    protocol: 2,
    retryStrategy: null,
  });
  // Calls that fail say so.
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** @throws when it succeeds, or fails with something else than an AgentError. */
export async function failureOf(call: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!AgentError.is(error)) throw new Error(`no AgentError: ${String(error)}`);
  return error;
}

/** A logger that keeps what it was told. */
export function listening(): { readonly logger: Logger; readonly heard: string[] } {
  const heard: string[] = [];
  const hear = (message: string): void => void heard.push(message);
  return { heard, logger: { debug: hear, info: hear, warn: hear, error: hear } };
}
