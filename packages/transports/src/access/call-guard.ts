import type { CallContext } from "../handlers/call-context.ts";
import type { StreamHandler, UnaryHandler } from "../handlers/agent-handlers.ts";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import type { CallKind, CallLimits } from "./call-limits.ts";
import type { DenialLog } from "./denied-calls.ts";
import { denialIn } from "./denial-in.ts";
import type { AgentRpc } from "./rpc-roles.ts";

/** What guards calls. Parts that are left out guard nothing. */
export interface CallGuardOptions {
  /** How many calls each caller may have under way. One for all transports, and for `admitCallers`. */
  readonly limits?: CallLimits;
  /** Where denials are noted. One for all transports. */
  readonly denials?: DenialLog;
}

/** A method of the contract, with the workload that its request may name. */
export interface Guarded {
  readonly rpc: AgentRpc;
  readonly call: CallContext;
  readonly request: unknown;
}

/** Lets as many calls be under way as their callers may have, and notes those that are denied, by whatever they were. */
export class CallGuard {
  readonly #limits: CallLimits | undefined;
  readonly #denials: DenialLog | undefined;

  constructor({ limits, denials }: CallGuardOptions) {
    this.#limits = limits;
    this.#denials = denials;
  }

  /** A method with one answer, guarded. */
  unary<I, O>(rpc: AgentRpc, handle: UnaryHandler<I, O>): UnaryHandler<I, O> {
    return async (request, call) => {
      const guarded = { rpc, call, request };
      const end = this.#begin(guarded, "calls");
      try {
        return await handle(request, call);
      } catch (error) {
        this.#note(guarded, error);
        throw error;
      } finally {
        end();
      }
    };
  }

  /** A method with a stream of answers, guarded until its end. */
  stream<I, O>(rpc: AgentRpc, handle: StreamHandler<I, O>): StreamHandler<I, O> {
    const begin = (guarded: Guarded): (() => void) => this.#begin(guarded, "streams");
    const note = (guarded: Guarded, error: unknown): void => this.#note(guarded, error);
    return async function* guardedStream(request, call) {
      const guarded = { rpc, call, request };
      const end = begin(guarded);
      try {
        yield* handle(request, call);
      } catch (error) {
        note(guarded, error);
        throw error;
      } finally {
        end();
      }
    };
  }

  /** @returns what ends the call's share. @throws {RpcError} RESOURCE_EXHAUSTED. */
  #begin(guarded: Guarded, kind: CallKind): () => void {
    const admission = this.#limits?.begin(guarded.call.principal.identity, kind);
    if (admission === undefined) return () => {};
    if (admission.kind === "admitted") return admission.end;
    const error = new RpcError(admission.status);
    this.#note(guarded, error);
    throw error;
  }

  #note({ rpc, call, request }: Guarded, error: unknown): void {
    const denied = denialIn(error);
    if (denied === undefined) return;
    const { identity, traceparent } = call.caller;
    this.#denials?.note({
      ...denied,
      identity,
      method: AgentService.method[rpc].name,
      workloadId: workloadOf(request),
      ...(traceparent === undefined ? {} : { traceparent }),
    });
  }
}

/** The workload that a request names; empty when none. */
function workloadOf(request: unknown): string {
  if (typeof request !== "object" || request === null) return "";
  const id = "id" in request ? request.id : "workloadId" in request ? request.workloadId : "";
  return typeof id === "string" ? id : "";
}
