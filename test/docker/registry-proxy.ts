import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

/** What a registry does instead of its work. */
export type RegistryFault =
  /** Takes connections and says nothing. */
  | { readonly kind: "silent" }
  /** Ends each connection as soon as it is made. */
  | { readonly kind: "hangs up" }
  /** Answers everything like this. */
  | { readonly kind: "answers"; readonly status: number; readonly body?: string }
  /** Gives a token to whoever asks, as Docker's hub does, which opens nothing. */
  | { readonly kind: "wants tokens" }
  /** Sends so much of each layer, and then ends the connection or says nothing more. */
  | { readonly kind: "breaks layers" | "stalls layers"; readonly afterBytes: number }
  /** Sends layers at 100 KB/s; with another byte in the middle. */
  | { readonly kind: "trickles layers" | "corrupts layers" };

/** Stands before a real registry, on loopback, counts what is asked of it, and misbehaves as told. */
export class RegistryProxy {
  /** All requests so far: `HEAD /v2/name/manifests/1`. */
  readonly requests: string[] = [];
  /** `host:port`, the same after {@link open} again. */
  address = "";
  fault: RegistryFault | undefined;
  readonly #behind: string;
  readonly #http = createServer((question, answer) => {
    this.#answer(question, answer);
  });
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  private constructor(behind: string) {
    this.#behind = behind;
  }

  static async before(registry: string): Promise<RegistryProxy> {
    const proxy = new RegistryProxy(registry);
    await proxy.open();
    return proxy;
  }

  /** How many connections there are now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** How often something of this kind was asked for. */
  count(kind: "manifests" | "blobs"): number {
    return this.requests.filter((it) => it.includes(`/${kind}/`) && it.startsWith("GET ")).length;
  }

  /** `registry/name` of the registry behind, as it is called here. */
  here(reference: string): string {
    return `${this.address}${reference.slice(reference.indexOf("/"))}`;
  }

  /** Takes connections, again. */
  async open(): Promise<void> {
    this.#server = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      if (this.fault?.kind === "silent") socket.resume();
      else if (this.fault?.kind === "hangs up") socket.destroy();
      else this.#http.emit("connection", socket);
    });
    const port = Number(this.address.split(":")[1] ?? 0);
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    const { port: given } = this.#server.address() as AddressInfo;
    this.address = `127.0.0.1:${given}`;
  }

  /** Refuses connections and ends those there are. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, "close");
  }

  #answer(question: IncomingMessage, answer: ServerResponse): void {
    this.requests.push(`${question.method ?? ""} ${question.url ?? ""}`);
    if (this.fault?.kind === "answers") {
      answer.writeHead(this.fault.status, { "content-type": "application/json" });
      answer.end(this.fault.body ?? "{}");
      return;
    }
    if (this.fault?.kind === "wants tokens") {
      this.#wantToken(question, answer);
      return;
    }
    const [hostname, port] = this.#behind.split(":");
    const { method, url: path, headers } = question;
    const onward = request({ hostname, port, method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      if (path?.includes("/blobs/")) this.#sendLayer(reply, answer);
      else reply.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    question.pipe(onward);
  }

  #wantToken(question: IncomingMessage, answer: ServerResponse): void {
    if (question.url?.startsWith("/token") === true) {
      answer.end(JSON.stringify({ token: "a-token-for-nothing" }));
      return;
    }
    const challenge = `Bearer realm="http://${this.address}/token",service="test"`;
    answer.writeHead(401, { "content-type": "application/json", "www-authenticate": challenge });
    answer.end(JSON.stringify({ errors: [{ code: "DENIED", message: "not for you" }] }));
  }

  #sendLayer(reply: IncomingMessage, answer: ServerResponse): void {
    const { fault } = this;
    reply.on("error", () => answer.destroy());
    if (fault?.kind === "corrupts layers") Readable.from(corrupted(reply)).pipe(answer);
    else if (fault?.kind === "trickles layers") Readable.from(inTrickles(reply)).pipe(answer);
    else if (fault?.kind === "breaks layers" || fault?.kind === "stalls layers")
      sendBeginning(reply, answer, fault);
    else reply.pipe(answer);
  }
}

/** The configuration of an image is fetched like a layer, and is small enough to pass. */
function sendBeginning(
  reply: IncomingMessage,
  answer: ServerResponse,
  fault: { readonly kind: string; readonly afterBytes: number },
): void {
  let sentBytes = 0;
  reply.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, fault.afterBytes - sentBytes));
    sentBytes += chunk.length;
    answer.write(part, () => {
      if (part.length < chunk.length && fault.kind === "breaks layers") answer.destroy();
    });
  });
  reply.on("end", () => {
    if (sentBytes <= fault.afterBytes) answer.end();
  });
}

async function* inTrickles(reply: IncomingMessage): AsyncGenerator<Buffer> {
  for await (const chunk of reply as AsyncIterable<Buffer>)
    for (let at = 0; at < chunk.length; at += 1_000) {
      yield chunk.subarray(at, at + 1_000);
      await pause(10);
    }
}

/** The configuration of an image is fetched like a layer, and is small enough to pass. */
async function* corrupted(reply: IncomingMessage): AsyncGenerator<Buffer> {
  let sentBytes = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    if (sentBytes > 10_000) chunk.writeUInt8(chunk.readUInt8(0) ^ 1);
    sentBytes += chunk.length;
    yield chunk;
  }
}
