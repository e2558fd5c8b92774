import type { Interceptor, Transport } from "@connectrpc/connect";

/** A bearer token, or where to get it from: asked anew for each call, so that a renewed token is picked up. */
export type TokenSource = string | (() => string | Promise<string>);

/** How long a call that is no stream may take unless it says otherwise, in milliseconds. */
export const defaultCallTimeoutMs = 30_000;

/** Puts the token on every call as `authorization: Bearer …`. */
export function bearerToken(source: TokenSource): Interceptor {
  return (next) => async (request) => {
    const token = typeof source === "string" ? source : await source();
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/** `transport` with a deadline on calls that bring none. Streams stay without one: a watch has no end of its own. */
export function withCallTimeout(transport: Transport, callTimeoutMs: number): Transport {
  return {
    unary(...[method, signal, timeoutMs, ...rest]) {
      return transport.unary(method, signal, timeoutMs ?? callTimeoutMs, ...rest);
    },
    stream(...call) {
      return transport.stream(...call);
    },
  };
}
