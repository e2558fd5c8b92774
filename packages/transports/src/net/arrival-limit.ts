import { constants, type Http2Stream } from "node:http2";

/** Resets a stream whose request has not arrived whole in time. HTTP/1.1 has that built in; over HTTP/2 nothing else does it. */
export function limitArrival(stream: Http2Stream, requestTimeoutMs: number): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
  const arrived = (): void => clearTimeout(timer);
  stream.once("end", arrived).once("close", arrived);
}
