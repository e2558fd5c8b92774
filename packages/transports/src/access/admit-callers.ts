import type { Clock } from "@persys/core";
import { traceOf } from "../handlers/call-caller.ts";
import { addressGroup } from "./address-group.ts";
import type { Asking, Authenticate, Authentication } from "./authenticate.ts";
import { type CallLimits, tooManyCalls } from "./call-limits.ts";
import type { DenialLog, DenialReason } from "./denied-calls.ts";
import { RateByName, type RateRule } from "./rate.ts";
import { refusalOf } from "./refused-status.ts";

/** How callers are admitted. */
export interface AdmissionOptions {
  /** How much each caller may call. The same that the handlers have. */
  readonly limits: CallLimits;
  /** How often one network may be turned away with a reason; undefined: without end. */
  readonly refusedRate: RateRule | undefined;
  readonly denials: DenialLog;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** Networks whose attempts are remembered. */
const networksMax = 10_000;

/** A call at the gate. */
interface AtGate {
  readonly asking: Asking;
  readonly method: string;
}

/**
 * Finds out who calls, and keeps those who call too often from being heard, before anything of their request is read: known callers by what
 * each may call, others by the network they come from. Who has a role is never kept out by what others do from the same address. Whoever is
 * turned away is noted.
 */
export function admitCallers(
  authenticate: Authenticate,
  { limits, refusedRate, denials, clock }: AdmissionOptions,
): Authenticate {
  const rates = refusedRate === undefined ? undefined : new RateByName(refusedRate, networksMax);
  const note = (
    { asking, method }: AtGate,
    who: { readonly identity: string } | { readonly address: string },
    why: { readonly reason: DenialReason; readonly message: string },
  ): void => {
    const trace = traceOf(asking.headers.get("traceparent"));
    denials.note({ ...who, ...why, ...trace, method, workloadId: "" });
  };
  const judged = (caller: Authentication, gate: AtGate): Authentication => {
    if (caller.kind === "too-many") return caller;
    if (caller.kind === "known") {
      const { identity } = caller.principal;
      const status = limits.take(identity);
      if (status === undefined) return caller;
      note(gate, { identity }, { reason: "TOO_MANY_CALLS", message: status.message });
      return { kind: "too-many", status };
    }
    const address = addressGroup(gate.asking.peer.address);
    const waitMs = rates?.take(address, clock.monotonicMs()) ?? 0;
    const { reason, message } = refusalOf(caller);
    const who = caller.kind === "stranger" ? { identity: caller.identity } : { address };
    note(gate, who, { reason: waitMs > 0 ? "TOO_MANY_CALLS" : reason, message });
    if (waitMs <= 0) return caller;
    const status = tooManyCalls(`too many calls that were refused (${message})`, waitMs);
    return { kind: "too-many", status };
  };
  return async (asking) => {
    const caller = await authenticate(asking);
    const { method } = asking;
    // Without a method nobody calls: it is only found out anew who somebody is.
    return method === undefined ? caller : judged(caller, { asking, method });
  };
}
