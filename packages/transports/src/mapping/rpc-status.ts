import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";

/** How a call failed, as every protocol can say it: a code of gRPC, a sentence, and details for machines. */
export interface RpcStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly RpcDetail[];
  /** What is wrong with the request, where that is it. */
  readonly fieldViolations?: readonly FieldViolation[];
}

/** A bad field as clients see it. */
export interface FieldViolation {
  /** Its path from the root of the request, by the names of the contract. */
  readonly field: string;
  readonly description: string;
}

/** A detail of google.rpc. */
export interface RpcDetail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

/** A call that failed. Transports answer with its status; `cause` never leaves the agent. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly status: RpcStatus;

  constructor(status: RpcStatus, cause?: unknown) {
    super(status.message, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}
