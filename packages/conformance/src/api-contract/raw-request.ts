import type { EventEmitter } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { ResolvedSubject } from "./api-subject.ts";

/** A request below the protocols. */
export interface RawRequest {
  /** The name of a method of the service. */
  readonly method: string;
  /** Behind the path, with its question mark. */
  readonly query?: string;
  /** Default POST. */
  readonly verb?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the subject's token; empty: none is sent. */
  readonly token?: string;
  readonly body?: string | Uint8Array;
}

/** What came back. Names of headers are in lower case; trailers of HTTP are among them where no header has their name. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** How long an answer may take, in milliseconds. */
const answerMs = 30_000;

/** How much of a body is sent at once, in bytes. */
const pieceBytes = 64 * 1024;

/** Sends one request over a connection of its own, in the version of HTTP that the subject is reached with. */
export function sendRaw(subject: ResolvedSubject, request: RawRequest): Promise<RawAnswer> {
  return subject.httpVersion === "2" ? overHttp2(subject, request) : overHttp1(subject, request);
}

async function overHttp1(subject: ResolvedSubject, request: RawRequest): Promise<RawAnswer> {
  const url = urlOf(subject, request);
  const module = url.protocol === "https:" ? https : http;
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const options = {
    ...subject.tls,
    agent: false,
    method: request.verb ?? "POST",
    headers: headersOf(subject, request),
    signal: AbortSignal.timeout(answerMs),
  };
  let isAnswered = false;
  const sent = module.request(url, options, (response) => {
    isAnswered = true;
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: namesAndValues({ ...response.trailers, ...response.headers }),
        body: Buffer.concat(chunks),
      }),
    );
  });
  sent.on("error", (error) => {
    // Who has answered need not take the rest.
    if (!isAnswered) reject(error);
  });
  await sendPieces(sent, request.body, () => isAnswered);
  try {
    return await promise;
  } finally {
    sent.destroy();
  }
}

/** Sends the body piece by piece, until it is answered. */
async function sendPieces(
  sent: http.ClientRequest,
  body: RawRequest["body"],
  isAnswered: () => boolean,
): Promise<void> {
  const bytes = Buffer.from(body ?? "");
  for (let at = 0; at < bytes.length && !isAnswered(); at += pieceBytes) {
    const isTaken = sent.write(bytes.subarray(at, at + pieceBytes));
    if (isTaken || sent.destroyed) continue;
    // Whatever becomes of the connection also ends the wait.
    await firstEvent(sent, ["drain", "response", "close"]);
  }
  if (!isAnswered()) sent.end();
}

/** Resolves when one of the events happens; listens to none of them afterwards. */
async function firstEvent(of: EventEmitter, names: readonly string[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const happened = (): void => resolve();
  for (const name of names) of.on(name, happened);
  await promise;
  for (const name of names) of.off(name, happened);
}

async function overHttp2(subject: ResolvedSubject, request: RawRequest): Promise<RawAnswer> {
  const url = urlOf(subject, request);
  const session = http2.connect(url.origin, { ...subject.tls });
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  session.on("error", reject);
  const stream = session.request({
    ":method": request.verb ?? "POST",
    ":path": `${url.pathname}${url.search}`,
    ...headersOf(subject, request),
  });
  stream.setTimeout(answerMs, () => stream.destroy(new Error("no answer in time")));
  const chunks: Buffer[] = [];
  let headers: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on("response", (came) => (headers = came));
  stream.on("trailers", (came: http2.IncomingHttpHeaders) => (trailers = came));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", reject);
  stream.on("close", () =>
    resolve({
      status: Number(headers[":status"] ?? 0),
      headers: namesAndValues({ ...trailers, ...headers }),
      body: Buffer.concat(chunks),
    }),
  );
  stream.end(request.body);
  try {
    return await promise;
  } finally {
    session.destroy();
  }
}

function urlOf({ endpoint }: ResolvedSubject, { method, query = "" }: RawRequest): URL {
  const base = endpoint.replace(/\/$/, "");
  return new URL(`${base}/persys.agent.v1.AgentService/${method}${query}`);
}

function headersOf(subject: ResolvedSubject, request: RawRequest): Record<string, string> {
  const { token = subject.token ?? "", headers = {} } = request;
  return { ...(token === "" ? {} : { authorization: `Bearer ${token}` }), ...headers };
}

function namesAndValues(
  headers: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): ReadonlyMap<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
