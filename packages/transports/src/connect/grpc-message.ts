import type { UniversalServerResponse } from "@connectrpc/connect/protocol";

const header = "grpc-message";

/**
 * The response with the message of its status encoded as gRPC asks: only what is no printable ASCII, and `%`. The library also encodes `:`
 * and the like, which some clients (grpc-js) then show as `%3A`.
 */
export function withPlainGrpcMessage(response: UniversalServerResponse): UniversalServerResponse {
  const { trailer } = response;
  if (trailer === undefined) return response;
  return {
    ...response,
    /** Read once the body has ended: the message is not known before. */
    get trailer(): Headers {
      const message = trailer.get(header);
      if (message !== null) trailer.set(header, encodeGrpcMessage(decodeURIComponent(message)));
      return trailer;
    },
  };
}

/** Percent-encodes the bytes of `message` that are not printable ASCII, and `%`. */
export function encodeGrpcMessage(message: string): string {
  return message.replaceAll(/[^ -$&-~]+/gu, (odd) =>
    Array.from(
      new TextEncoder().encode(odd),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}
