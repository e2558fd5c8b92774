import * as http from "node:http";
import * as http2 from "node:http2";
import { type FrontHandlers, http1Limits, http2Limits, type HttpFront } from "./http-front.ts";
import { attachFront } from "./sniffing-front.ts";

/** Takes in what comes in clear text. */
export function openClearFront({ limits, onRequest, onSession }: FrontHandlers): HttpFront {
  const server = http.createServer(http1Limits(limits), onRequest);
  const speaksHttp2 = http2.createServer({ settings: http2Limits(limits) }, onRequest);
  speaksHttp2.on("session", onSession);
  const undecidedMs = limits.headersTimeoutMs;
  return {
    server,
    closeIdle: () => server.closeIdleConnections(),
    dropUndecided: attachFront({ http1: server, http2: speaksHttp2, undecidedMs }),
    dispose: () => {},
  };
}
