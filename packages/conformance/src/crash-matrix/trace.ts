import { AgentError, currentInstance, isWorkloadId } from "@persys/core";
import type { PortCall, PortTap } from "../port-tap.ts";
import { type Blow, callText, isChange, type Passed, type TracedCall } from "./boundaries.ts";
import type { CrashWorld } from "./crash-world.ts";
import type { MortalAgent } from "./mortal-agent.ts";

/** Far more beginnings and ends of calls than any story has. */
const passagesMax = 20_000;

const startSteps: ReadonlySet<string> = new Set(["start", "replace", "restore"]);

/** One changing call that reached the host. */
export interface Change {
  readonly text: string;
  readonly id: string;
  /** Whether the agent was killed in it, before its work was done. */
  readonly isCut: boolean;
}

/** A death of an agent. */
export interface Death {
  /** How many changing calls had reached the host by then. */
  readonly changes: number;
  /** Ids of workloads that were being started: the intent was stored, what came of it was not. */
  readonly starting: readonly string[];
  /** Ids of workloads that had been started without a stored intent, because the store failed, of which nothing was stored since. */
  readonly unstored: readonly string[];
  /** By id: the revision that was up and as it was made. */
  readonly up: ReadonlyMap<string, string>;
}

/**
 * Follows the calls of one agent after the other through their ports, and strikes where it was told to. Calls have their numbers while the
 * curtain is up; before and after that they are only counted.
 */
export class Trace {
  readonly calls: TracedCall[] = [];
  readonly passed: Passed[] = [];
  readonly deaths: Death[] = [];
  /** Changing calls that were made without their intent being stored, in words. */
  readonly unintended: string[] = [];
  readonly #world: CrashWorld;
  readonly #blows: readonly Blow[];
  readonly #ids: readonly string[];
  readonly #onCommitted: (id: string) => void;
  readonly #numbers = new WeakMap<PortCall, number>();
  readonly #reached: number[] = [];
  /** Ids of workloads of which a start has reached the host, and nothing was stored since. */
  readonly #unstored = new Set<string>();
  #isUp = false;
  #passages = 0;
  #agents = 0;
  /** Changing calls and commits while the curtain was down. */
  #unseen = { changes: [] as string[], commits: 0 };

  /** `onCommitted` is called when a commit has been stored, whether or not the agent hears of it. */
  constructor(
    world: CrashWorld,
    cast: { readonly blows: readonly Blow[]; readonly ids: readonly string[] },
    onCommitted: (id: string) => void,
  ) {
    this.#world = world;
    this.#blows = cast.blows;
    this.#ids = cast.ids;
    this.#onCommitted = onCommitted;
  }

  /** From now on calls have numbers and are struck, or no more. */
  curtain(isUp: boolean): void {
    this.#isUp = isUp;
    this.#unseen = { changes: [], commits: 0 };
  }

  /** What was done since the curtain fell. */
  get unseen(): { readonly changes: readonly string[]; readonly commits: number } {
    return this.#unseen;
  }

  /** The changing calls that reached the host while the curtain was up, in order. */
  get changes(): readonly Change[] {
    return this.#reached.flatMap((number): readonly Change[] => {
      const traced = this.calls[number];
      const id = traced?.call.id;
      if (traced === undefined || id === undefined) return [];
      const { op, revisionId } = traced.call;
      const text = revisionId === undefined ? op : `${op} ${revisionId}`;
      return [{ text, id, isCut: traced.endedMs === undefined }];
    });
  }

  /** Whether calls were made without end: the agent that made them was ended, for it would not have let anybody else go on. */
  get isEndless(): boolean {
    return this.#passages > passagesMax;
  }

  /** A tap for the next agent. `agent` is asked for when it is needed, for the tap comes before the agent. */
  tapFor(agent: () => MortalAgent): PortTap {
    const number = this.#agents;
    this.#agents += 1;
    return async (call, moment) => {
      this.#passages += 1;
      if (this.isEndless) return agent().die();
      if (this.#isUp) this.#pass(call, moment, { agent, number });
      else if (moment === "before") this.#count(call);
    };
  }

  #count(call: PortCall): void {
    if (isChange(call)) this.#unseen.changes.push(callText(call));
    if (call.op === "commit") this.#unseen.commits += 1;
  }

  #pass(
    call: PortCall,
    moment: "before" | "after",
    by: { readonly agent: () => MortalAgent; readonly number: number },
  ): void {
    const known = this.#numbers.get(call);
    // Begun before the curtain rose.
    if (moment === "after" && known === undefined) return;
    const number = known ?? this.#begin(call, by.number);
    this.passed.push({ call: number, moment });
    if (moment === "after") this.#end(number);
    const blow = this.#blows.find(
      (it) =>
        it.call === number &&
        (it.moment === moment || (it.moment === "midway" && moment === "before")),
    );
    if (blow?.moment === "midway") this.#arrange(blow, call, by.agent);
    else if (blow !== undefined) this.#strike(blow, by.agent);
    if (moment === "after" || blow?.moment === "before") return;
    const traced = this.calls[number];
    if (traced !== undefined) traced.hasReached = true;
    if (!isChange(call)) return;
    this.#reached.push(number);
    this.#checkIntent(call);
    if (startSteps.has(call.op) && call.id !== undefined) this.#unstored.add(call.id);
  }

  /** A start may do without where the store fails: healing goes on. */
  #checkIntent(call: PortCall): void {
    const isExcused = call.op === "start" && this.#blows.some((it) => it.fate === "doubt");
    const stored = this.#world.record(call.id ?? "")?.intent?.step;
    if (!isExcused && stored !== call.op) this.unintended.push(callText(call));
  }

  #begin(call: PortCall, agent: number): number {
    const beganMs = this.#world.clock.monotonicMs();
    const number =
      this.calls.push({ call, agent, beganMs, endedMs: undefined, hasReached: false }) - 1;
    this.#numbers.set(call, number);
    return number;
  }

  #end(number: number): void {
    const traced = this.calls[number];
    if (traced === undefined) return;
    traced.endedMs = this.#world.clock.monotonicMs();
    if (traced.call.op === "commit" && traced.call.id !== undefined)
      this.#onCommitted(traced.call.id);
  }

  #arrange(blow: Blow, call: PortCall, agent: () => MortalAgent): void {
    // How long it would have taken is part of the name, and of what the world makes of the name.
    const way = this.#world.midways(call, blow.tookMs ?? 0).find((it) => it.name === blow.midway);
    way?.arrange(() => this.#kill(agent()));
  }

  /** @throws {AgentError} where the fate is doubt. */
  #strike(blow: Blow, agent: () => MortalAgent): void {
    if (blow.fate === "dies") return this.#kill(agent());
    throw new AgentError("STORE_UNAVAILABLE", "nobody knows whether this was stored", {
      retryable: true,
      effect: "unknown",
    });
  }

  #kill(agent: MortalAgent): void {
    if (agent.isDead) return;
    const starting = this.#ids.filter((id) => {
      const step = this.#world.record(id)?.intent?.step ?? "";
      return startSteps.has(step);
    });
    const unstored = [...this.#unstored].filter((id) => !starting.includes(id));
    this.deaths.push({ changes: this.#reached.length, starting, unstored, up: this.#up() });
    agent.die();
  }

  #up(): ReadonlyMap<string, string> {
    const up = new Map<string, string>();
    for (const id of this.#ids) {
      const current = isWorkloadId(id) ? currentInstance(this.#world.observe(id)) : undefined;
      const isUp = current?.state === "running" || current?.state === "starting";
      if (current !== undefined && isUp && current.drift.length === 0)
        up.set(id, current.revisionId);
    }
    return up;
  }
}
