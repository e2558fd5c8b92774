import { isMessage } from "@bufbuild/protobuf";
import { AgentError } from "@persys/core";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { RpcError, type RpcStatus } from "../mapping/rpc-status.ts";
import { type DeniedCall, type DenialReason, denialReasons } from "./denied-calls.ts";

/** Why a workload that is there was answered as if it were not: the caller has nothing to do with it. Goes as the cause of that answer. */
export class OutOfScope extends Error {
  override readonly name = "OutOfScope";
}

/** Why a call was denied, where that is what `error` says; undefined for every other failure. */
export function denialIn(error: unknown): Pick<DeniedCall, "reason" | "message"> | undefined {
  if (!(error instanceof RpcError)) return undefined;
  const { status, cause } = error;
  if (AgentError.is(cause) && cause.cause instanceof OutOfScope) {
    return { reason: "OUT_OF_SCOPE", message: cause.cause.message };
  }
  const reason = reasonOf(status);
  return reason === undefined ? undefined : { reason, message: status.message };
}

function reasonOf({ details }: RpcStatus): DenialReason | undefined {
  for (const { desc, value } of details) {
    if (desc !== ErrorInfoSchema) continue;
    const reason = !isMessage(value) && "reason" in value ? value["reason"] : undefined;
    const known = denialReasons.find((one) => one === reason);
    if (known !== undefined) return known;
  }
  return undefined;
}
