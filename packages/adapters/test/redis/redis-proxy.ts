import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Both ends of a connection through the proxy. */
interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** What the client has sent and the server has not got; undefined while everything is passed on. */
  held: Buffer[] | undefined;
}

/** Stands between a store and its server on loopback, and does to their connections what networks do. Closed with the test. */
export class RedisProxy {
  readonly port: number;
  readonly #listener: Server;
  readonly #links = new Set<Link>();

  private constructor(listener: Server, port: number) {
    this.#listener = listener;
    this.port = port;
  }

  static async open(serverPort: number): Promise<RedisProxy> {
    const proxy = await RedisProxy.launch(serverPort);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  /** As {@link open}, for whoever closes it. */
  static async launch(serverPort: number): Promise<RedisProxy> {
    const listener = createServer((client) => proxy.#join(client, serverPort));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const proxy = new RedisProxy(listener, address.port);
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /**
   * Passes on nothing more of the present connections; later ones are not touched.
   * @returns a function that lets through to the server what was held back, also after the client has left.
   */
  stall(): () => void {
    const stalled = [...this.#links];
    for (const link of stalled) link.held = [];
    return () => {
      for (const link of stalled) {
        for (const bytes of link.held ?? []) link.server.write(bytes);
        link.held = undefined;
      }
    };
  }

  /** Breaks all connections at once. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#listener.listening) return;
    this.#listener.close();
    await once(this.#listener, "close");
  }

  #join(client: Socket, serverPort: number): void {
    const server = connect({ port: serverPort, host: "127.0.0.1" });
    const link: Link = { client, server, held: undefined };
    this.#links.add(link);
    client.on("data", (bytes) => {
      if (link.held === undefined) server.write(bytes);
      else link.held.push(bytes);
    });
    server.on("data", (bytes) => {
      if (link.held === undefined) client.write(bytes);
    });
    client.on("error", () => {});
    client.on("close", () => {
      if (link.held === undefined) server.destroy();
    });
    server.on("error", () => {});
    server.on("close", () => {
      client.destroy();
      this.#links.delete(link);
    });
  }
}
