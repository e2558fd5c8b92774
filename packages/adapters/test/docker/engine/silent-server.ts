import { createServer, type Socket } from "node:net";
import type { TestContext } from "vitest";

/** Listens on the loopback and never answers: a port that is taken, or a registry that hangs. */
export interface SilentServer {
  readonly port: number;
  /** How many connections were made to it. */
  readonly connections: number;
}

/** One that goes with the test. */
export async function silentServer(test: TestContext): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return {
    port: address.port,
    get connections() {
      return connections;
    },
  };
}
