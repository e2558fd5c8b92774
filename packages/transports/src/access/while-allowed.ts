import { Code } from "@connectrpc/connect";
import type { Logger } from "@persys/core";
import type { CallContext } from "../handlers/call-context.ts";
import { errorInfo } from "../mapping/error-status.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import type { Authentication } from "./authenticate.ts";
import type { Principal } from "./principal.ts";
import { refusedStatus } from "./refused-status.ts";

/** How often it is found out anew who reads a stream, in milliseconds. */
export const recheckEveryMs = 10_000;

/** What watching over a stream needs. */
export interface WhileAllowedOptions {
  readonly method: string;
  readonly logger: Logger;
  readonly recheckMs: number;
}

/**
 * The answers of a stream, as long as its caller is who it was and may do what it might: a certificate that is revoked or expires, a token that
 * is taken away and a rule that changes end it.
 */
export async function* whileAllowed<O>(
  call: CallContext,
  options: WhileAllowedOptions,
  open: (call: CallContext) => AsyncIterable<O>,
): AsyncGenerator<O> {
  const { again, principal } = call;
  if (again === undefined) {
    yield* open(call);
    return;
  }
  const ended = new AbortController();
  const look = async (): Promise<void> => {
    const reason = endOf(principal, await again(), options);
    if (reason !== undefined) ended.abort(reason);
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      options.logger.error("who reads a stream could not be found out", { error });
    });
  }, options.recheckMs);
  timer.unref();
  try {
    yield* open({ ...call, signal: AbortSignal.any([call.signal, ended.signal]) });
  } finally {
    clearInterval(timer);
  }
}

function endOf(
  was: Principal,
  caller: Authentication,
  options: WhileAllowedOptions,
): RpcError | undefined {
  if (caller.kind !== "known") return new RpcError(refusedStatus(caller, options));
  if (JSON.stringify(caller.principal) === JSON.stringify(was)) return undefined;
  const { identity, role } = caller.principal;
  return new RpcError({
    code: Code.PermissionDenied,
    message: `what ${identity} may do here has changed: call again`,
    details: [errorInfo("ROLE_CHANGED", { identity, role })],
  });
}
