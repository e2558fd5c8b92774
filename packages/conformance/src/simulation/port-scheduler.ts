import { AgentError } from "@persys/core";
import type { PortCall, PortTap } from "../port-tap.ts";
import type { Hits } from "./hits.ts";
import type { AgentCommand, CallMoment, FaultCommand, Life, StoreTrouble } from "./life.ts";
import { type Mortal, never } from "./mortal.ts";
import type { SimulationClock } from "./simulation-clock.ts";
import type { SimulationTrace } from "./simulation-trace.ts";

/** A death that waits for its boundary. */
export type Kill = Extract<AgentCommand, { readonly do: "kill" }>;

/** What a scheduler stands on. */
export interface SchedulerContext {
  readonly life: Life;
  readonly clock: SimulationClock;
  readonly hits: Hits;
  readonly trace: SimulationTrace;
  /** The agent calls and calls, and no time passes. */
  readonly onRestless: (calls: number) => void;
  /** The agent dies now. */
  readonly onKill: (kill: Kill, boundary: string) => void;
}

/** How many calls of one agent are under way for each workload. */
type UnderWay = Map<string, number>;

type Strike = (signal: AbortSignal | undefined) => Promise<void>;

interface ArmedFault {
  readonly port: PortCall["port"];
  readonly op: string;
  readonly at: CallMoment;
  readonly strike: Strike;
  left: number;
}

/** An engine that makes so many calls at one moment never comes to rest. */
const callsOfMomentMax = 5_000;
/** A store that is slow takes so long, up to what makes it count as not answering. */
const slowMs = 2_500;

/**
 * Decides of every call through a port, before and after it, when it goes on, in which order, and whether it does. What it decides of a call
 * follows from the seed of the life, the kind of the call, its workload and how many of these there were: taking away something else from
 * the life does not change it.
 */
export class PortScheduler {
  readonly #context: SchedulerContext;
  readonly #delayed: ReadonlySet<string>;
  readonly #counts = new Map<string, { readonly base: number; count: number }>();
  #underWay: UnderWay = new Map();
  readonly #begunIn = new WeakMap<PortCall, number>();
  readonly #releases = new Set<() => void>();
  #armed: ArmedFault[] = [];
  #kill: { readonly command: Kill; left: number } | undefined;
  #unreachableUntilMs = 0;
  /** How often the runtime was restarted. */
  #incarnation = 0;
  #portCalls = 0;
  #momentMs = 0;
  #callsOfMoment = 0;

  constructor(context: SchedulerContext) {
    this.#context = context;
    this.#delayed = new Set(context.life.delayed);
  }

  /** Calls through ports so far; deliveries of events are not among them. */
  get portCalls(): number {
    return this.#portCalls;
  }

  /** Whether a call is kept from going on. */
  get isHanging(): boolean {
    return this.#releases.size > 0;
  }

  /** The tap through which the calls of one agent go, from now on the one that is asked about. */
  tapOf(agent: Mortal): PortTap {
    const underWay: UnderWay = new Map();
    this.#underWay = underWay;
    return (call, at, signal) => this.#pass({ agent, underWay }, call, { at, signal });
  }

  /** Lets the next fitting calls go wrong. */
  arm(command: FaultCommand): void {
    switch (command.do) {
      case "calls fail":
        return this.#armFailure(command);
      case "call hangs":
        return this.#armHang(command);
      case "store fails":
        return this.#armStore(command.how, command.times);
      case "store hangs":
        return this.#armStoreHang(command);
      case "events go wrong":
        return undefined;
    }
  }

  /** Lets the agent die at the next fitting boundary. A death that still waits for one is called off. */
  armKill(command: Kill): void {
    this.#kill = { command, left: command.nth };
  }

  /** The runtime cannot be reached for so long. With `restarts` the calls under way fail as well. */
  cutOff(forMs: number, restarts: boolean): void {
    this.#unreachableUntilMs = this.#context.clock.monotonicMs() + forMs;
    if (restarts) this.#incarnation += 1;
  }

  /** Everything that was to go wrong goes well, and nothing hangs any more. */
  heal(): void {
    this.#armed = [];
    this.#kill = undefined;
    this.#unreachableUntilMs = 0;
    for (const release of this.#releases) release();
  }

  /** Whether a call for the workload is under way, or with `undefined` any call. */
  isBusy(id: string | undefined): boolean {
    return id === undefined ? this.#underWay.size > 0 : this.#underWay.has(id);
  }

  async #pass(
    { agent, underWay }: { readonly agent: Mortal; readonly underWay: UnderWay },
    call: PortCall,
    { at, signal }: { readonly at: CallMoment; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    if (agent.isDead) await never();
    const { clock, trace } = this.#context;
    const name = `${call.port} ${call.op}`;
    if (at === "before") this.#begin(call, underWay);
    if (this.#isRestless()) await never();
    if (trace.isWanted) trace.say(call.id ?? "", callText(call, at));
    if (this.#dies(underWay, name, at)) await never();
    const draw = this.#draw(call, name, at);
    const delayMs = this.#delayMs(name, draw);
    if (delayMs > 0) await this.#elapse(delayMs, signal);
    if (this.#context.life.shuffled) await clock.turn(scramble(draw + 1));
    if (agent.isDead) await never();
    let isOver = true;
    try {
      const strike = this.#strikeOn(call, at);
      if (strike !== undefined) await strike(signal);
      if (at === "before") signal?.throwIfAborted();
      isOver = at === "after";
    } finally {
      if (agent.isDead) await never();
      // What fails before it does anything has no after.
      if (isOver) end(call, underWay);
    }
  }

  /** Whether this is one call too many for one moment: it must not go on, or no time would ever pass again. */
  #isRestless(): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs !== this.#momentMs) {
      this.#momentMs = nowMs;
      this.#callsOfMoment = 0;
    }
    this.#callsOfMoment += 1;
    if (this.#callsOfMoment === callsOfMomentMax) this.#context.onRestless(callsOfMomentMax);
    return this.#callsOfMoment >= callsOfMomentMax;
  }

  #begin(call: PortCall, underWay: UnderWay): void {
    this.#begunIn.set(call, this.#incarnation);
    if (call.op === "event") return;
    this.#portCalls += 1;
    if (call.id !== undefined) underWay.set(call.id, (underWay.get(call.id) ?? 0) + 1);
  }

  /** Whether the agent dies at this boundary. One that has stopped, and has a call under way still, dies in nobody's place. */
  #dies(underWay: UnderWay, name: string, at: CallMoment): boolean {
    const kill = this.#kill;
    if (underWay !== this.#underWay || kill?.command.at !== at) return false;
    if (kill.command.op !== "" && kill.command.op !== name) return false;
    kill.left -= 1;
    if (kill.left > 0) return false;
    this.#kill = undefined;
    this.#context.onKill(kill.command, `${name} ${at}`);
    return true;
  }

  /** A number that is this moment's own. */
  #draw(call: PortCall, name: string, at: CallMoment): number {
    const key = `${name} ${call.id ?? ""} ${at}`;
    let counted = this.#counts.get(key);
    if (counted === undefined) {
      counted = { base: scramble(this.#context.life.seed ^ textHash(key)), count: 0 };
      this.#counts.set(key, counted);
    }
    counted.count += 1;
    return scramble(counted.base + counted.count);
  }

  #delayMs(name: string, draw: number): number {
    if (!this.#delayed.has(name)) return 0;
    const part = scramble(draw + 2) % 100;
    if (part < 65) return 0;
    const fraction = scramble(draw + 3) / 2 ** 32;
    if (part < 85) return Math.ceil(fraction * 50);
    if (part < 98) return Math.ceil(fraction * 1_000);
    this.#context.hits.add("faults", "call takes long");
    return Math.ceil(1_000 + fraction * 6_000);
  }

  /** What goes wrong with the call at this moment. */
  #strikeOn(call: PortCall, at: CallMoment): Strike | undefined {
    const fault = this.#armed.find(
      (it) => it.left > 0 && it.op === call.op && it.port === call.port && it.at === at,
    );
    if (fault !== undefined) fault.left -= 1;
    const outage = call.port === "runtime" ? this.#outageFor(call, at) : undefined;
    if (fault === undefined || outage === undefined) return fault?.strike ?? outage;
    return async (signal) => {
      await fault.strike(signal);
      await outage(signal);
    };
  }

  #outageFor(call: PortCall, at: CallMoment): Strike | undefined {
    const { clock } = this.#context;
    if (at === "before" && clock.monotonicMs() < this.#unreachableUntilMs)
      return () => Promise.reject(failure("RUNTIME_UNAVAILABLE", "none"));
    if (at === "after" && this.#begunIn.get(call) !== this.#incarnation)
      return () => Promise.reject(failure("RUNTIME_UNAVAILABLE", "unknown"));
    return undefined;
  }

  #armFailure({ op, at, code, times }: Extract<FaultCommand, { do: "calls fail" }>): void {
    const effect = at === "before" ? "none" : "unknown";
    this.#add({ port: "runtime", op, at, left: times }, () => {
      this.#struck(`call fails ${at}`);
      return Promise.reject(failure(code, effect));
    });
  }

  #armHang(command: Extract<FaultCommand, { do: "call hangs" }>): void {
    const { op, at, forMs, ignoresAbort } = command;
    this.#add({ port: "runtime", op, at, left: 1 }, async (signal) => {
      this.#struck(`call hangs ${at}`);
      if (ignoresAbort) this.#struck("call ignores its abort");
      await this.#elapse(forMs, ignoresAbort ? undefined : signal);
      if (!ignoresAbort) signal?.throwIfAborted();
    });
  }

  #armStoreHang({ at, forMs }: Extract<FaultCommand, { do: "store hangs" }>): void {
    this.#add({ port: "store", op: "commit", at, left: 1 }, () => {
      this.#struck(`store hangs ${at}`);
      return this.#elapse(forMs, undefined);
    });
  }

  #armStore(how: StoreTrouble, times: number): void {
    const op = how === "unopened" ? "open" : "commit";
    const at = how === "stored" ? "after" : "before";
    this.#add({ port: "store", op, at, left: times }, async () => {
      this.#struck(`store ${how}`);
      if (how === "slow") return this.#elapse(slowMs, undefined);
      const effect = how === "stored" || how === "doubtful" ? "unknown" : "none";
      throw failure(how === "full" ? "STORE_FULL" : "STORE_UNAVAILABLE", effect);
    });
  }

  #add(fault: Omit<ArmedFault, "strike">, strike: Strike): void {
    this.#armed = this.#armed.filter((it) => it.left > 0);
    this.#armed.push({ ...fault, strike });
  }

  #struck(name: string): void {
    this.#context.hits.add("faults", name);
    this.#context.trace.say("", `! ${name}`);
  }

  /** Waits until the time is over, the signal aborts, or everything is healed. */
  #elapse(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#releases.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#context.clock.schedule(delayMs, done);
      this.#releases.add(done);
      signal?.addEventListener("abort", done);
      if (signal?.aborted === true) done();
    });
  }
}

function end({ op, id }: PortCall, underWay: UnderWay): void {
  if (op === "event" || id === undefined) return;
  const left = (underWay.get(id) ?? 1) - 1;
  if (left > 0) underWay.set(id, left);
  else underWay.delete(id);
}

function callText({ port, op, revisionId }: PortCall, at: CallMoment): string {
  const what = revisionId === undefined ? op : `${op} ${revisionId}`;
  return `${at === "before" ? ">" : "<"} ${port} ${what}`;
}

function failure(code: AgentError["code"], effect: "none" | "unknown"): AgentError {
  const retryable = code !== "PERMISSION_DENIED";
  return new AgentError(code, "a simulated fault", { retryable, effect });
}

/** FNV-1a. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the number touches every bit of the result. */
function scramble(number: number): number {
  let bits = number >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
