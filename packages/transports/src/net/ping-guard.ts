import { constants, type ServerHttp2Session } from "node:http2";

/** So many pings in a row may come too early before the connection is ended. gRPC's own servers bear two; others pings are less regular. */
const strikesMax = 10;

/** The answer to a ping takes 17 bytes, and over TLS some 30 more. What goes beyond was an answer, after which clients measure by pings. */
const pingBytesMax = 100;

/**
 * Ends a connection whose client pings more often than every `intervalMinMs` milliseconds while nothing is sent to it: GOAWAY with
 * ENHANCE_YOUR_CALM and `too_many_pings`, by which clients of gRPC know to ping less.
 */
export function guardPings(session: ServerHttp2Session, intervalMinMs: number): void {
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let bytesThen = 0;
  let strikes = 0;
  session.on("ping", () => {
    if (session.destroyed) return;
    const nowMs = performance.now();
    const bytes = session.socket.bytesWritten;
    const isEarly = nowMs - lastAtMs < intervalMinMs && bytes - bytesThen <= pingBytesMax;
    strikes = isEarly ? strikes + 1 : 0;
    lastAtMs = nowMs;
    bytesThen = bytes;
    if (strikes <= strikesMax) return;
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
    // What is to be sent goes out first.
    setImmediate(() => session.destroy());
  });
}
