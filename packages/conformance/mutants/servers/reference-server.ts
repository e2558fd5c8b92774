import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { createEngine, silentLogger } from "@persys/core";
import {
  bearerAuthenticator,
  createAgentHandlers,
  createConnectTransport,
} from "@persys/transports";
import { SimulatedWorld } from "../../src/simulated-world.ts";
import type { ServerMutant } from "./server-mutant.ts";
import { TalkingRuntime } from "./talking-runtime.ts";

/** A server on a free port of this machine. */
export interface ReferenceServer {
  readonly endpoint: string;
  readonly token: string;
  close(): Promise<void>;
}

/** How soon things happen: short, so that no case waits. Durations in milliseconds. */
const policy = { settleAfterMs: 40, backoffBaseMs: 20, resyncIntervalMs: 1_000 };

/** Starts the real handlers over the real engine, with workloads that are simulated; broken as `mutant` says. */
export async function startReferenceServer(
  mutant: Pick<ServerMutant, "handlers" | "limits" | "authenticate"> = {},
): Promise<ReferenceServer> {
  const clock = new SystemClock();
  const engine = createEngine({
    nodeId: "reference",
    version: "test",
    runtimes: [new TalkingRuntime(new SimulatedWorld({ clock }))],
    store: new MemoryStateStore({ disk: new MemoryDisk() }),
    clock,
    random: new SystemRandom(),
    policy,
  });
  await engine.start(new AbortController().signal);
  const sound = createAgentHandlers({ api: engine.api, logger: silentLogger });
  const token = "reference-token";
  const principal = { identity: "kit", role: "admin" } as const;
  const transport = createConnectTransport({
    handlers: { ...sound, ...mutant.handlers?.(sound) },
    host: "127.0.0.1",
    port: 0,
    authenticate: mutant.authenticate ?? bearerAuthenticator(new Map([[token, principal]])),
    ...(mutant.limits === undefined ? {} : { limits: mutant.limits }),
  });
  const { port } = await transport.start();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    token,
    close: async () => {
      await transport.stop(0);
      await engine.stop();
    },
  };
}
