import type { AgentError } from "@persys/core";
import { until } from "./until.ts";
import type { SimulatedOperation } from "./simulated-journal.ts";

/** Every call a fault can strike. */
export type FaultableCall = SimulatedOperation | "list" | "observe" | "probe" | "demands";

/**
 * Where in a call a fault strikes: before it did anything, with its work half done (a replacement or restoration has stopped the one and
 * not yet started the other, a removal has removed the current instance and not yet the rest; other calls have no such moment), or after it has done everything.
 */
export type FaultMoment = "before" | "midway" | "after";

/** Which calls a fault strikes. */
export interface FaultOptions {
  /** Only calls for this workload; left out: any. */
  readonly id?: string;
  /** Default `before`. */
  readonly at?: FaultMoment;
  /** How many calls, default 1. */
  readonly times?: number;
}

/** A call that hangs. */
export interface HangOptions extends FaultOptions {
  /** Hangs on after its signal has aborted, as a badly written runtime would. */
  readonly ignoresAbort?: boolean;
}

interface Fault {
  readonly call: FaultableCall;
  readonly id: string | undefined;
  readonly at: FaultMoment;
  readonly error?: AgentError;
  readonly ignoresAbort: boolean;
  readonly released: AbortController;
  left: number;
}

/** What is to go wrong in a simulated world. Each fault strikes the next calls that fit, in the order in which the faults were set. */
export class SimulatedFaults {
  #faults: Fault[] = [];

  /** The next fitting calls throw `error`; of `observe`, they are unreadable because of it; of `probe`, unhealthy. */
  failNext(call: FaultableCall, error: AgentError, options: FaultOptions = {}): void {
    this.#add(call, options, { error, ignoresAbort: false });
  }

  /** The next fitting calls hang until their signal aborts or the returned function is called, after which they go on as usual. */
  hangNext(call: FaultableCall, options: HangOptions = {}): () => void {
    const fault = this.#add(call, options, { ignoresAbort: options.ignoresAbort ?? false });
    return () => fault.released.abort();
  }

  /** Takes back every fault that has not struck, and releases every call that hangs. */
  clear(): void {
    for (const fault of this.#faults) fault.released.abort();
    this.#faults = [];
  }

  /** Strikes when a fault fits this moment of this call. @throws the fault's error, or the signal's reason. */
  async strike(
    call: FaultableCall,
    at: FaultMoment,
    of: { readonly id: string | undefined; readonly signal: AbortSignal },
  ): Promise<void> {
    const fault = this.#faults.find(
      (it) => it.left > 0 && it.call === call && it.at === at && (it.id ?? of.id) === of.id,
    );
    if (fault === undefined) return;
    fault.left -= 1;
    if (fault.error !== undefined) throw fault.error;
    await until(fault.released.signal, fault.ignoresAbort ? undefined : of.signal);
  }

  #add(
    call: FaultableCall,
    options: FaultOptions,
    effect: { readonly error?: AgentError; readonly ignoresAbort: boolean },
  ): Fault {
    // What hangs stays, so that it can be released.
    this.#faults = this.#faults.filter((it) => it.left > 0 || it.error === undefined);
    const fault: Fault = {
      ...effect,
      call,
      id: options.id,
      at: options.at ?? "before",
      left: options.times ?? 1,
      released: new AbortController(),
    };
    this.#faults.push(fault);
    return fault;
  }
}
