import { constants } from "node:http2";
import type { Socket } from "node:net";
import {
  type ConnectRouter,
  type ContextKey,
  createContextKey,
  createContextValues,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { parseContentType } from "@connectrpc/connect/protocol-connect";
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Logger } from "@persys/core";
import { type ConnectionEnds } from "../net/connection-name.ts";
import { type Peer, peerOf } from "../tls/peer.ts";
import { cacheable } from "./entity-tag.ts";
import { withPlainGrpcMessage } from "./grpc-message.ts";
import type { HttpListener } from "./http-front.ts";
import { discardRest, requestBody } from "./request-body.ts";
import { type StrictJsonOptions, strictJsonBody } from "./strict-json.ts";

type Request = Parameters<HttpListener>[0];
type Response = Parameters<HttpListener>[1];

/** So long a client that was answered before it has sent all may take to read the answer, in milliseconds. */
const lingerMs = 1_000;

/** Where the peer of a call is kept among its context values. */
export const peerKey: ContextKey<Peer> = createContextKey<Peer>(
  { address: "", encrypted: false, certificate: undefined, authorized: false },
  { description: "who is at the other end of the connection" },
);

/** Where the connection of a call is kept among its context values. */
export const connectionKey: ContextKey<ConnectionEnds> = createContextKey<ConnectionEnds>(
  {},
  { description: "the connection" },
);

/** Serves the methods of a router over HTTP of either version. */
export function nodeListener(
  router: ConnectRouter,
  { logger, json }: { readonly logger: Logger; readonly json: StrictJsonOptions },
): HttpListener {
  const handlers = new Map(router.handlers.map((one) => [one.requestPath, one] as const));
  return (request, response) => {
    const handler = handlers.get(request.url?.split("?", 1)[0] ?? "");
    if (handler === undefined) {
      answerPlainly(response, { status: 404, code: "unimplemented", message: "no such method" });
      discardRest(request);
      return;
    }
    answer(handler, { request, response }, json).catch((error: unknown) => {
      // Mostly a client that has left. Where nothing was said yet, it is told that its request made no sense.
      logger.debug("request ended early", { method: handler.method.name, error });
      if (response.headersSent) response.destroy();
      else
        answerPlainly(response, {
          status: 400,
          code: "invalid_argument",
          message: "malformed request",
        });
    });
  };
}

async function answer(
  handler: UniversalHandler,
  { request, response }: { readonly request: Request; readonly response: Response },
  json: StrictJsonOptions,
): Promise<void> {
  const socket = socketOf(request);
  const values = createContextValues().set(peerKey, peerOf(socket)).set(connectionKey, socket);
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  const body = requestBody(request);
  const type = parseContentType(universal.header.get("content-type"));
  const strict = handler.method.methodKind === "unary" && type?.stream === false && !type.binary;
  const encoding = universal.header.get("content-encoding");
  const made = await handler({
    ...universal,
    body:
      strict && request.method === "POST"
        ? strictJsonBody(body, handler.method, { ...json, encoding, values })
        : body,
  });
  const ifNoneMatch = request.headers["if-none-match"];
  const answered = await cacheable(made, { method: request.method, ifNoneMatch });
  if (!request.readableEnded) {
    discardRest(request);
    endUpload(request);
  }
  if (answered.status === 415) {
    const message = "send JSON with the header content-type: application/json";
    answerPlainly(response, { status: 415, code: "invalid_argument", message });
    return;
  }
  await universalResponseToNodeResponse(withPlainGrpcMessage(answered), response);
}

/** A request of HTTP/2 has a stand-in for the socket that its session shares with others. */
function socketOf(request: Request): Socket {
  return "stream" in request ? (request.stream.session?.socket ?? request.socket) : request.socket;
}

/**
 * Ends the upload of a client that was answered before it has sent all, some time after the answer: some clients stop sending then, and would
 * keep the connection as it is.
 */
function endUpload(request: Request): void {
  const stop = setTimeout(() => {
    if ("stream" in request) request.stream.close(constants.NGHTTP2_NO_ERROR);
    else request.destroy();
  }, lingerMs);
  request.once("end", () => clearTimeout(stop));
  request.once("close", () => clearTimeout(stop));
}

function answerPlainly(
  response: Response,
  {
    status,
    code,
    message,
  }: { readonly status: number; readonly code: string; readonly message: string },
): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ code, message }));
}
