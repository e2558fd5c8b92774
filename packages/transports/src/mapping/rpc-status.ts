import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";

/** How a call failed, as every protocol can say it: a code of gRPC, a sentence, and details for machines. */
export interface RpcStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly RpcDetail[];
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
