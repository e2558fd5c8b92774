import type { Clock, Logger, Telemetry } from "@persys/core";
import { Rate, RateByName } from "./rate.ts";

/** Why calls are denied, as the answer to them says it. */
export const denialReasons = [
  "NO_ROLE",
  "OUT_OF_SCOPE",
  "POLICY_DENIED",
  "ROLE_CHANGED",
  "ROLE_TOO_LOW",
  "TOO_MANY_CALLS",
  "UNAUTHENTICATED",
] as const;

/** One of {@link denialReasons}. */
export type DenialReason = (typeof denialReasons)[number];

/** A call that was not let through. */
export interface DeniedCall {
  /** Who called; undefined: nobody that is known. */
  readonly identity?: string;
  /** The network it came from; left out where who called is known. */
  readonly address?: string;
  /** The method as the contract calls it, such as `ApplyWorkload`. */
  readonly method: string;
  readonly reason: DenialReason;
  /** The workload that the request names; empty when none. */
  readonly workloadId: string;
  /** What the caller was told. */
  readonly message: string;
  /** W3C traceparent of the call. */
  readonly traceparent?: string;
}

/** Calls that were denied alike, and how often. The text is that of the last one. */
export interface DeniedCalls extends DeniedCall {
  /** Position among all that was denied since the agent started, of the last one. */
  readonly seq: number;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** What a log of denials works with. */
export interface DenialLogOptions {
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly logger: Logger;
  readonly telemetry?: Pick<Telemetry, "count">;
}

/** Callers that are remembered, of those with an identity and of those without: neither pushes the other out. */
const callersMax = 200;
/** Kinds of denials that are remembered of each caller. */
const kindsMax = 25;
const idMax = 128;
const textMax = 512;

/** Denials of one caller's calls of one method are logged so often at most; what comes between is counted. */
const logEvery = { perSecond: 1 / 60, burst: 1 };
/** Lines in the log for all of them together: many callers fill no disk either. */
const logLines = { perSecond: 1, burst: 30 };

type Kinds = Map<string, DeniedCalls>;

/**
 * Remembers what was denied to whom: bounded for each caller and as a whole, so that nobody who is denied much fills anything, or pushes out what
 * others did. It is apart from the history of what was done, and lasts as long as the agent runs; the log has it beyond that.
 */
export class DenialLog {
  readonly #options: DenialLogOptions;
  readonly #known: Kind;
  readonly #unknown: Kind;
  #seq = 0;

  constructor(options: DenialLogOptions) {
    this.#options = options;
    this.#known = newKind();
    this.#unknown = newKind();
  }

  /** Takes a denial in, counts it, and logs it unless that was done a moment ago. Texts are shortened. */
  note(denied: DeniedCall): void {
    const call = bounded(denied);
    const { clock, telemetry } = this.#options;
    telemetry?.count("calls_refused_total", { reason: call.reason });
    this.#seq += 1;
    const of = call.identity === undefined ? this.#unknown : this.#known;
    const make = (): Kinds => new Map();
    const kinds = lastUsed(of.callers, callerOf(call), { max: callersMax, make });
    const nowMs = clock.wallMs();
    const key = JSON.stringify([call.method, call.reason, call.workloadId]);
    const before = kinds.get(key);
    const entry: DeniedCalls = {
      ...call,
      seq: this.#seq,
      count: (before?.count ?? 0) + 1,
      firstAtMs: before?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
    };
    lastUsed(kinds, key, { max: kindsMax, make: () => entry });
    kinds.set(key, entry);
    this.#log(of, entry);
  }

  /** What is remembered, in the order of the last time. */
  list(): readonly DeniedCalls[] {
    return [this.#known, this.#unknown]
      .flatMap(({ callers }) => [...callers.values()].flatMap((kinds) => [...kinds.values()]))
      .toSorted((a, b) => a.seq - b.seq);
  }

  #log(of: Kind, entry: DeniedCalls): void {
    const { clock, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    const who = JSON.stringify([callerOf(entry), entry.method]);
    if (of.perCaller.take(who, nowMs) > 0 || of.lines.take(nowMs) > 0) {
      of.unlogged += 1;
      return;
    }
    const { seq: _seq, count: _count, firstAtMs: _first, lastAtMs: _last, ...call } = entry;
    const { unlogged } = of;
    of.unlogged = 0;
    logger.warn("call denied", { ...call, ...(unlogged === 0 ? {} : { unlogged }) });
  }
}

/** What is known of callers of one kind. */
interface Kind {
  readonly callers: Map<string, Kinds>;
  readonly perCaller: RateByName;
  readonly lines: Rate;
  /** Denials since the last line in the log that have none. */
  unlogged: number;
}

function newKind(): Kind {
  return {
    callers: new Map(),
    perCaller: new RateByName(logEvery, callersMax),
    lines: new Rate(logLines),
    unlogged: 0,
  };
}

/** The call with no text longer than what may be remembered of it: callers choose how long most are. */
function bounded(call: DeniedCall): DeniedCall {
  const { identity } = call;
  return {
    ...call,
    ...(identity === undefined ? {} : { identity: shortened(identity, textMax) }),
    workloadId: shortened(call.workloadId, idMax),
    message: shortened(call.message, textMax),
  };
}

function callerOf({ identity, address = "" }: DeniedCall): string {
  return identity ?? address;
}

/** The entry of `key`, made where there is none, as the last used one of a map that remembers `max`. */
function lastUsed<T>(
  map: Map<string, T>,
  key: string,
  { max, make }: { readonly max: number; readonly make: () => T },
): T {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  if (map.size > max) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  return value;
}

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}…`;
}
