import { statusOf } from "../fake-agent.ts";
import { serve, type Serving } from "../connect/serving.ts";

/** What the process tells of itself when it is asked. */
export interface ServerState {
  readonly rssBytes: number;
  /** After a garbage collection. */
  readonly heapBytes: number;
  readonly openStreams: number;
}

const [connect, grpc] = await Promise.all([serve({ by: "connect" }), serve({ by: "grpc" })]);
const both: readonly Serving[] = [connect, grpc];

/** The fake agent keeps what it was asked for tests to look at; nobody looks here. */
const forget = (): void => {
  for (const { agent } of both) {
    agent.applied.length = 0;
    agent.callers.length = 0;
    agent.filters.length = 0;
    agent.statuses.clear();
    agent.put(statusOf("web"));
  }
};
forget();
setInterval(forget, 50);

process.on("message", (word) => {
  if (word === "end") process.exit(0);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const openStreams = both.reduce((sum, { agent }) => sum + agent.openStreams, 0);
  process.send?.({ rssBytes: rss, heapBytes: heapUsed, openStreams } satisfies ServerState);
});
process.send?.({ connect: connect.port, grpc: grpc.port });
