import { Code } from "@connectrpc/connect";
import type { Clock } from "@persys/core";
import { errorInfo, retryAfter } from "../mapping/error-status.ts";
import type { RpcStatus } from "../mapping/rpc-status.ts";
import { Rate, type RateRule } from "./rate.ts";

/** What one caller may have of an agent. */
export interface CallLimitRules {
  /** Undefined: as often as it likes. */
  readonly rate: RateRule | undefined;
  /** Calls with one answer at a time. */
  readonly callsAtOnce: number;
  /** Streams at a time. They have room of their own: who watches can still ask. */
  readonly streamsAtOnce: number;
}

/** A call that has its place, or what its caller is told instead. */
export type Admission =
  /** `end` is called once, when the call has ended. */
  | { readonly kind: "admitted"; readonly end: () => void }
  | { readonly kind: "refused"; readonly status: RpcStatus };

/** What a call is, as limits see it. */
export type CallKind = "calls" | "streams";

/** Callers that are remembered. More of them at once are refused. */
export const callersMax = 10_000;

/** When one of a caller's own calls ends is not known: so long it should wait before it tries again, in milliseconds. */
const untilSomeEndsMs = 1_000;

interface Share {
  readonly rate: Rate | undefined;
  calls: number;
  streams: number;
}

/**
 * Sees to it that no caller has all of the agent. One is shared by all transports, so that a caller does not have a share for each. A caller
 * that is forgotten, because it was not heard of for longest and others came, begins anew.
 */
export class CallLimits {
  readonly #rules: CallLimitRules;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** In the order of their last calls. */
  readonly #shares: Map<string, Share> = new Map();

  constructor(rules: CallLimitRules, clock: Pick<Clock, "monotonicMs">) {
    this.#rules = rules;
    this.#clock = clock;
  }

  /** Counts a call against the caller's rate. Returns what it is told instead where it has called too often; that does not count. */
  take(identity: string): RpcStatus | undefined {
    const nowMs = this.#clock.monotonicMs();
    const share = this.#shareOf(identity, nowMs);
    if (share === undefined) return tooManyCallers();
    const waitMs = share.rate?.take(nowMs) ?? 0;
    if (waitMs <= 0) return undefined;
    const perSecond = this.#rules.rate?.perSecond;
    return tooManyCalls(`${identity} calls more than ${perSecond} times a second`, waitMs);
  }

  /** Gives a call of this caller its place among those under way, where there is one. */
  begin(identity: string, kind: CallKind): Admission {
    const share = this.#shareOf(identity, this.#clock.monotonicMs());
    if (share === undefined) return { kind: "refused", status: tooManyCallers() };
    const most = kind === "calls" ? this.#rules.callsAtOnce : this.#rules.streamsAtOnce;
    if (share[kind] >= most) {
      const message = `${identity} has ${most} ${kind} at once already`;
      return { kind: "refused", status: tooManyCalls(message, untilSomeEndsMs) };
    }
    share[kind] += 1;
    return { kind: "admitted", end: () => (share[kind] -= 1) };
  }

  #shareOf(identity: string, nowMs: number): Share | undefined {
    const known = this.#shares.get(identity);
    if (known === undefined && this.#shares.size >= callersMax && !this.#forgetOne(nowMs)) {
      return undefined;
    }
    const { rate } = this.#rules;
    const share = known ?? {
      rate: rate === undefined ? undefined : new Rate(rate),
      calls: 0,
      streams: 0,
    };
    this.#shares.delete(identity);
    this.#shares.set(identity, share);
    return share;
  }

  /** Forgets a caller without calls: rather one that would begin anew with no more than it has. */
  #forgetOne(nowMs: number): boolean {
    let idle: string | undefined;
    for (const [identity, { rate, calls, streams }] of this.#shares) {
      if (calls > 0 || streams > 0) continue;
      idle ??= identity;
      if (rate?.isFull(nowMs) === false) continue;
      idle = identity;
      break;
    }
    return idle !== undefined && this.#shares.delete(idle);
  }
}

/** What a caller is told that calls too much: with the wait after which there is room again, unless others of its name take it. */
export function tooManyCalls(message: string, waitMs: number): RpcStatus {
  const afterMs = Math.ceil(waitMs);
  return {
    code: Code.ResourceExhausted,
    message: `${message}; wait ${afterMs} ms`,
    details: [errorInfo("TOO_MANY_CALLS"), retryAfter(afterMs)],
  };
}

function tooManyCallers(): RpcStatus {
  return tooManyCalls("too many callers at once", untilSomeEndsMs);
}
