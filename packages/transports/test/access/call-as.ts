import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError, type Code } from "@connectrpc/connect";
import { type AgentApi, silentLogger } from "@persys/core";
import {
  type AgentRpc,
  type CallContext,
  type CallLimits,
  createAgentHandlers,
  type DenialLog,
  type Principal,
  RpcError,
} from "@persys/transports";
import { AgentService } from "@persys/transports/gen";

/** A call by `principal` that nobody gives up. */
export function callBy(principal: Principal): CallContext {
  const { signal } = new AbortController();
  const { identity } = principal;
  return {
    caller: { identity },
    principal,
    signal,
    stopping: signal,
    remainingMs: () => undefined,
  };
}

/** Calls a method of the contract; of a stream it takes the first answer. @throws {RpcError} */
export async function callAs(
  principal: Principal,
  { api, rpc, request = {}, ...guard }: CallOf,
): Promise<unknown> {
  const handlers = createAgentHandlers({ api, logger: silentLogger, ...guard });
  const input = create(AgentService.method[rpc].input as DescMessage, request);
  const answer: unknown = Reflect.apply(handlers[rpc], handlers, [input, callBy(principal)]);
  if (isStream(answer)) {
    for await (const one of answer) return one;
    return undefined;
  }
  return answer;
}

/** Which method is called, of which agent, with what. */
export interface CallOf {
  readonly api: AgentApi;
  readonly rpc: AgentRpc;
  readonly request?: MessageInitShape<DescMessage>;
  readonly limits?: CallLimits;
  readonly denials?: DenialLog;
}

/** The code a call ends with; undefined when it succeeds. */
export async function codeOf(answer: Promise<unknown>): Promise<Code | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    return error instanceof RpcError ? error.status.code : ConnectError.from(error).code;
  }
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}
