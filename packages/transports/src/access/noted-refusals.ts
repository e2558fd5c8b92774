import type { Clock } from "@persys/core";
import { addressGroup } from "./address-group.ts";
import type { Asking, Authenticate, Authentication } from "./authenticate.ts";
import { tooManyCalls } from "./call-limits.ts";
import type { DenialLog } from "./denied-calls.ts";
import { RateByName, type RateRule } from "./rate.ts";
import { refusalOf } from "./refused-status.ts";

/** What is done about those who are not let in. */
export interface NotedRefusalsOptions {
  /** How often one network may be turned away with a reason; undefined: without end. */
  readonly rate: RateRule | undefined;
  readonly denials: DenialLog;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** Networks whose attempts are remembered. */
const networksMax = 10_000;

/**
 * Notes whoever is turned away, and tells those that try too often to wait instead, by the network they come from. Who has a role is never kept
 * out by that, whatever others do from the same address.
 */
export function notedRefusals(
  authenticate: Authenticate,
  { rate, denials, clock }: NotedRefusalsOptions,
): Authenticate {
  const rates = rate === undefined ? undefined : new RateByName(rate, networksMax);
  const judged = (caller: Authentication, asking: Asking, method: string): Authentication => {
    if (caller.kind === "known" || caller.kind === "too-many") return caller;
    const address = addressGroup(asking.peer.address);
    const waitMs = rates?.take(address, clock.monotonicMs()) ?? 0;
    const { reason, message } = refusalOf(caller);
    const traceparent = asking.headers.get("traceparent");
    denials.note({
      ...(caller.kind === "stranger" ? { identity: caller.identity } : { address }),
      method,
      reason: waitMs > 0 ? "TOO_MANY_CALLS" : reason,
      workloadId: "",
      message,
      ...(traceparent === null ? {} : { traceparent }),
    });
    if (waitMs <= 0) return caller;
    const status = tooManyCalls(`too many calls that were refused (${message})`, waitMs);
    return { kind: "too-many", status };
  };
  return async (asking) => {
    const caller = await authenticate(asking);
    const { method } = asking;
    return method === undefined ? caller : judged(caller, asking, method);
  };
}
