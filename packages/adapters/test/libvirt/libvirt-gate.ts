import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a daemon of libvirt that can be closed, or left open with nobody answering. */
export class LibvirtGate {
  readonly #folder: string;
  readonly #behind: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #isStalled = false;

  private constructor(folder: string, behind: string) {
    this.#folder = folder;
    this.#behind = behind;
  }

  /** One before the daemon of a URI, open. */
  static async before(uri: string): Promise<LibvirtGate> {
    const behind = new URL(uri).searchParams.get("socket") ?? "";
    const gate = new LibvirtGate(await mkdtemp("/tmp/persys-lg-"), behind);
    await gate.open();
    return gate;
  }

  /** The way through it to one of the daemon's hypervisors, such as `qemu:///system`. */
  uriOf(name: string): string {
    return `${name.replace(":", "+unix:")}?socket=${this.#folder}/s`;
  }

  /** Ends all connections, and lets nobody in. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    await closed;
  }

  /** From now on nothing passes, over old connections and new ones. */
  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Undoes {@link cut} and {@link stall}. */
  async open(): Promise<void> {
    this.#isStalled = false;
    for (const socket of this.#sockets) socket.resume();
    if (this.#server !== undefined) return;
    const server = createServer((client) => {
      this.#join(client);
    });
    this.#server = server;
    server.listen(`${this.#folder}/s`);
    await once(server, "listening");
  }

  async close(): Promise<void> {
    await this.cut();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #join(client: Socket): void {
    const daemon = connect(this.#behind);
    const ends = [client, daemon] as const;
    for (const socket of ends) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const end of ends) end.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => void daemon.write(chunk));
    daemon.on("data", (chunk: Buffer) => void client.write(chunk));
    if (this.#isStalled) for (const socket of ends) socket.pause();
  }
}
