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
  isStalled: boolean;
  /** How much more of answers is passed on before it breaks off. */
  answerBytesLeft: number;
}

/** Stands between a runtime and an engine, and does to their connections what networks and restarts do. */
export class EngineProxy {
  /** Where the engine is to be found through the proxy: `unix:///path`. */
  readonly endpoint: string;
  readonly #folder: string;
  readonly #engineSocket: string;
  readonly #requests: string[] = [];
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #isStalled = false;
  #answerBytes = 0;
  #cuts = 0;
  #pieceBytes = Number.POSITIVE_INFINITY;
  #cutting = { part: "", bytes: Number.POSITIVE_INFINITY };

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
    return this.paths(part).length;
  }

  /** Their paths, with the queries, in order. */
  paths(part: string): readonly string[] {
    return this.#requests.filter((it) => it.includes(part));
  }

  /** How many connections there are now, those that wait for another request included. */
  get connections(): number {
    return this.#links.size;
  }

  /** How many bytes of answers have been passed on, or wait for who asked. */
  get answerBytes(): number {
    return this.#answerBytes;
  }

  /** How many answers have been cut as {@link cutAnswersAfter} says. */
  get cuts(): number {
    return this.#cuts;
  }

  /** From now on nothing is passed on, in any direction, and no connection ends. */
  stall(): void {
    this.#isStalled = true;
    this.stallPresent();
  }

  /** As {@link stall}, but for connections that are made from now on. */
  stallPresent(): void {
    for (const link of this.#links) {
      link.isStalled = true;
      link.client.pause();
      link.engine.pause();
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
    for (const link of this.#links) {
      link.isStalled = false;
      link.client.resume();
      link.engine.resume();
    }
    if (this.#server === undefined) await this.#listen();
  }

  /** Passes answers on in pieces of so many bytes. */
  splitAnswers(pieceBytes: number): void {
    this.#pieceBytes = pieceBytes;
  }

  /** From now on, connections break off after so many bytes of the answer to a request whose path contains `part`; undefined: none does. */
  cutAnswersAfter(bytes: number | undefined, part = ""): void {
    this.#cutting = { part, bytes: bytes ?? Number.POSITIVE_INFINITY };
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
    const link = { client, engine, isStalled: false, answerBytesLeft: Number.POSITIVE_INFINITY };
    this.#links.add(link);
    const ended = (): void => {
      this.#links.delete(link);
      close(link);
    };
    for (const socket of [client, engine]) socket.on("error", ended).on("close", ended);
    client.on("data", (data) => {
      for (const [, path = ""] of data.toString("latin1").matchAll(requestLine))
        this.#note(path, link);
      this.#pass(data, link, engine);
    });
    engine.on("data", (data) => {
      const passed = data.subarray(0, link.answerBytesLeft);
      link.answerBytesLeft -= passed.length;
      this.#answerBytes += passed.length;
      if (this.#pieceBytes < passed.length) void this.#passInPieces(passed, link);
      else this.#pass(passed, link, client);
      if (link.answerBytesLeft > 0) return;
      this.#cuts += 1;
      client.end(ended);
    });
    if (this.#isStalled) this.stall();
  }

  #note(path: string, link: Link): void {
    this.#requests.push(path);
    const { part, bytes } = this.#cutting;
    if (path.includes(part)) link.answerBytesLeft = bytes;
  }

  /** One piece with each turn of the event loop, so that none are joined on the way. */
  async #passInPieces(data: Buffer, link: Link): Promise<void> {
    const { client, engine } = link;
    engine.pause();
    for (let from = 0; from < data.length && !client.destroyed; from += this.#pieceBytes) {
      client.write(data.subarray(from, from + this.#pieceBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!link.isStalled) engine.resume();
  }

  /** As fast as the other end takes it. */
  #pass(data: Buffer, link: Link, to: Socket): void {
    if (to.write(data)) return;
    const from = to === link.client ? link.engine : link.client;
    from.pause();
    to.once("drain", () => {
      if (!link.isStalled) from.resume();
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
