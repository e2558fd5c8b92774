import { Code, ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { connectErrorOf } from "../connect/connect-error-of.ts";
import { RpcError } from "../mapping/rpc-status.ts";

/** Where gRPC has the details of an error: a `google.rpc.Status`. */
const detailsKey = "grpc-status-details-bin";

/** The codes of both libraries are those of gRPC. */
const codes: ReadonlyMap<number, status> = new Map(
  Object.values(status)
    .filter((code) => typeof code !== "string")
    .map((code) => [code, code]),
);

/** What a handler threw, as grpc-js answers with it. The cause stays here. */
export function serviceErrorOf(thrown: unknown): Partial<ServiceError> & { readonly code: status } {
  const error =
    thrown instanceof RpcError
      ? connectErrorOf(thrown.status)
      : ConnectError.from(thrown, Code.Internal);
  const metadata = new Metadata();
  const details = setTrailerStatus(new Headers(), error).get(detailsKey);
  if (details !== null) metadata.set(detailsKey, Buffer.from(details, "base64"));
  const code = codes.get(error.code) ?? status.UNKNOWN;
  return { code, details: error.rawMessage, metadata };
}
