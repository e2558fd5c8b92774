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
  const sent = module.request(url, options, (response) => {
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
  sent.on("error", reject);
  sent.end(request.body);
  return promise;
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
