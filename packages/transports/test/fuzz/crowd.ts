import { connect, type Socket } from "node:net";

/** Connections of one who means no good. */
export class Crowd {
  readonly #sockets = new Set<Socket>();
  #opened = 0;

  /** How many there were in all. */
  get opened(): number {
    return this.#opened;
  }

  /** How many are open now. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Opens so many more; `then` is called with each. Resolves when all have been taken in or turned away. */
  async open(
    port: number,
    count: number,
    then: (socket: Socket) => void = () => {},
  ): Promise<void> {
    const atOnce = 100;
    for (let left = count; left > 0; left -= atOnce) {
      await Promise.all(
        Array.from({ length: Math.min(atOnce, left) }, () => this.#openOne(port, then)),
      );
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #openOne(port: number, then: (socket: Socket) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect({ host: "127.0.0.1", port });
    this.#opened += 1;
    this.#sockets.add(socket);
    socket.on("error", () => {}).resume();
    socket.once("close", () => {
      this.#sockets.delete(socket);
      resolve();
    });
    socket.once("connect", () => {
      then(socket);
      resolve();
    });
    await promise;
  }
}
