import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerHost } from "../../../../test/docker/docker-host.ts";

/** The line that a request begins with. */
const requestLine = /\b(?:DELETE|GET|HEAD|POST|PUT) (\/\S*) HTTP\/1\.1\r\n/g;

/** Both ends of a connection through the proxy. */
interface Link {
  readonly client: Socket;
  readonly engine: Socket;
}

/** Stands between a runtime and an engine, and does to their connections what networks and restarts do. */
export class EngineProxy {
  /** Where the engine is to be found through the proxy: `unix:///path`. */
  readonly endpoint: string;
  readonly #folder: string;
  readonly #engineSocket: string;
  readonly #requests = new Map<string, number>();
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #isStalled = false;
  #pieceBytes = Number.POSITIVE_INFINITY;
  #answerBytesMax = Number.POSITIVE_INFINITY;

  private constructor(engineEndpoint: string) {
    this.#folder = mkdtempSync(join(tmpdir(), "persys-proxy-"));
    this.#engineSocket = engineEndpoint.replace(/^unix:\/\//, "");
    this.endpoint = `unix://${join(this.#folder, "s")}`;
  }

  /** A proxy of the engine at `unix:///path`; of that of all tests unless told otherwise. */
  static async open(engineEndpoint: string = dockerHost().endpoint): Promise<EngineProxy> {
    const proxy = new EngineProxy(engineEndpoint);
    await proxy.#listen();
    return proxy;
  }

  /** How many requests came whose path contains `part`. */
  requests(part: string): number {
    let count = 0;
    for (const [path, times] of this.#requests) if (path.includes(part)) count += times;
    return count;
  }

  /** From now on nothing is passed on, in any direction, and no connection ends. */
  stall(): void {
    this.#isStalled = true;
    for (const { client, engine } of this.#links) {
      client.pause();
      engine.pause();
    }
  }

  /** Breaks all connections off; new ones are taken. */
  breakOff(): void {
    for (const link of this.#links) close(link);
  }

  /** Breaks all connections off, and refuses new ones until {@link resume}. Resolves once nothing is accepted. */
  async cut(): Promise<void> {
    const closed = this.#server === undefined ? undefined : closing(this.#server);
    this.#server = undefined;
    this.breakOff();
    await closed;
  }

  /** Passes everything on again, and takes new connections. */
  async resume(): Promise<void> {
    this.#isStalled = false;
    for (const { client, engine } of this.#links) {
      client.resume();
      engine.resume();
    }
    if (this.#server === undefined) await this.#listen();
  }

  /** Passes answers on in pieces of so many bytes. */
  splitAnswers(pieceBytes: number): void {
    this.#pieceBytes = pieceBytes;
  }

  /** Every connection that is made from now on breaks off after so many bytes of answers; undefined: none does. */
  cutAnswersAfter(bytes: number | undefined): void {
    this.#answerBytesMax = bytes ?? Number.POSITIVE_INFINITY;
  }

  async close(): Promise<void> {
    await this.cut();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    const server = createServer((client) => {
      this.#join(client);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(join(this.#folder, "s"), resolve);
    });
  }

  #join(client: Socket): void {
    const engine = connect(this.#engineSocket);
    const link = { client, engine };
    this.#links.add(link);
    let bytesLeft = this.#answerBytesMax;
    const ended = (): void => {
      this.#links.delete(link);
      close(link);
    };
    for (const socket of [client, engine]) socket.on("error", ended).on("close", ended);
    client.on("data", (data) => {
      for (const [, path = ""] of data.toString("latin1").matchAll(requestLine))
        this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
      this.#pass(data, client, engine);
    });
    engine.on("data", (data) => {
      const passed = data.subarray(0, bytesLeft);
      bytesLeft -= passed.length;
      for (let from = 0; from < passed.length; from += this.#pieceBytes)
        this.#pass(passed.subarray(from, from + this.#pieceBytes), engine, client);
      if (bytesLeft === 0) client.end(ended);
    });
    if (this.#isStalled) this.stall();
  }

  /** As fast as the other end takes it. */
  #pass(data: Buffer, from: Socket, to: Socket): void {
    if (to.write(data)) return;
    from.pause();
    to.once("drain", () => {
      if (!this.#isStalled) from.resume();
    });
  }
}

function close({ client, engine }: Link): void {
  client.destroy();
  engine.destroy();
}

function closing(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}
