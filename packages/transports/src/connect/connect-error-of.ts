import { ConnectError } from "@connectrpc/connect";
import { RpcError, type RpcStatus } from "../mapping/rpc-status.ts";

/** A status as the library answers with it. */
export function connectErrorOf(
  { code, message, details }: RpcStatus,
  cause?: unknown,
): ConnectError {
  // Half a surrogate pair, as cutting a text may leave, cannot be encoded.
  return new ConnectError(message.toWellFormed(), code, undefined, [...details], cause);
}

/** What a handler threw as the library answers with it. What is neither an RpcError nor the library's own is passed on as it is. */
export function toThrow(error: unknown): unknown {
  return error instanceof RpcError ? connectErrorOf(error.status, error.cause) : error;
}
