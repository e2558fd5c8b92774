import {
  AgentError,
  type ApplyResult,
  type Caller,
  type DeleteResult,
  isWorkloadId,
  type RetryResult,
  type WorkloadId,
} from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import type { Blow } from "./boundaries.ts";
import type { CrashWorld } from "./crash-world.ts";
import { Creations } from "./creations.ts";
import { MortalAgent } from "./mortal-agent.ts";
import { RunsSeen } from "./runs-seen.ts";
import { type Act, actText, type Happening, isRequest, type Request } from "./story.ts";
import { Trace } from "./trace.ts";

const caller: Caller = { identity: "client" };

/** How long anything may take before the stage says that it does not end. */
const patienceMs = 300_000;
/** A client repeats a request that was refused for a moment after this time. */
const repeatAfterMs = 500;
/** A call that is waited for may never come, where nobody heard the request that leads to it. */
const reachMs = 20_000;

/** How the client of a story behaves, and what strikes. */
export interface Direction {
  readonly blows: readonly Blow[];
  /** Whether the client asks again for what it got no answer to. */
  readonly repeats: boolean;
  /** What happens between a death and the start of the next agent. */
  readonly meanwhile?: readonly Happening[];
}

/**
 * Where a story is played: one world, one agent at a time, and a client who asks for one thing after the other. When the agent has died another
 * is started at once, and the act in which it died is gone on with.
 */
export class Stage {
  readonly world: CrashWorld;
  readonly trace: Trace;
  readonly creations: Creations;
  readonly runs: RunsSeen;
  /** Requests that were under way when an agent died, by their place among the acts. */
  readonly unanswered: number[] = [];
  readonly #repeats: boolean;
  readonly #meanwhile: readonly Happening[];
  readonly #random: SeededRandom = new SeededRandom(1);
  #agent: MortalAgent;

  constructor(world: CrashWorld, ids: readonly string[], direction: Direction) {
    this.world = world;
    this.#repeats = direction.repeats;
    this.#meanwhile = direction.meanwhile ?? [];
    this.creations = new Creations(world);
    this.runs = new RunsSeen(world, ids.map(idOf));
    const { blows } = direction;
    this.trace = new Trace(world, { blows, ids }, (id) => this.creations.note(id));
    this.#agent = this.#newAgent();
  }

  /** The agent of the moment. */
  get agent(): MortalAgent {
    return this.#agent;
  }

  /** Starts the agent; as often as it takes, where it dies of it. */
  async boot(): Promise<void> {
    while (!(await this.#starts())) await this.#bury();
  }

  /** Plays acts to their end. */
  async play(acts: readonly Act[]): Promise<void> {
    for (const [at, act] of acts.entries()) await this.#perform(act, at);
  }

  /** Kills the agent and starts another. */
  async crash(): Promise<void> {
    this.#agent.die();
    await this.#bury();
    await this.boot();
  }

  async #perform(act: Act, at: number): Promise<void> {
    const endMs = this.world.clock.monotonicMs() + (act.kind === "pass" ? act.ms : 0);
    for (;;) {
      const isDone = await this.#try(act, endMs);
      if (!this.#agent.isDead) {
        if (isDone) return;
        await this.#passes(repeatAfterMs);
        continue;
      }
      if (isRequest(act) && !isDone) this.unanswered.push(at);
      await this.#bury();
      for (const { kind, id } of this.#meanwhile) this.world.disturb(kind, id);
      await this.boot();
      if (isDone || (isRequest(act) && !this.#repeats)) return;
    }
  }

  /** Resolves with whether it is done, also where the agent has died meanwhile. Time passes until `endMs` (monotonic). */
  async #try(act: Act, endMs: number): Promise<boolean> {
    switch (act.kind) {
      case "apply":
      case "want":
      case "delete":
      case "retry":
        return this.#ask(act);
      case "pass":
        return this.#passes(endMs - this.world.clock.monotonicMs());
      case "reach":
        return this.#reaches(act.id, act.op);
      case "restart":
        return this.#restarts();
      case "forbid":
      case "permit":
        this.world.forbidPrepares(act.kind === "forbid");
        return true;
      default:
        this.world.disturb(act.kind, act.id);
        return true;
    }
  }

  async #ask(request: Request): Promise<boolean> {
    let outcome: "answered" | "refused" | undefined;
    void this.#send(request).then(
      () => (outcome = "answered"),
      (error: unknown) => (outcome = isPassing(error) ? "refused" : "answered"),
    );
    await this.#until(() => outcome !== undefined, actText(request));
    return outcome === "answered";
  }

  async #send(request: Request): Promise<ApplyResult | DeleteResult | RetryResult> {
    const { api } = this.#agent.engine;
    const { id } = request;
    switch (request.kind) {
      case "apply": {
        const { program, revisionId } = request;
        const spec = this.world.spec(program, revisionId);
        return api.apply(
          { id, type: this.world.type, revisionId, desired: "running", spec },
          caller,
        );
      }
      case "want": {
        const { desired } = request;
        return api.apply({ id, type: undefined, revisionId: "", desired, spec: undefined }, caller);
      }
      case "delete":
        return api.remove(id, caller);
      case "retry":
        return api.retry(id, caller);
    }
  }

  /** Until so much time is over, or it holds. */
  async #passes(ms: number, holds: () => boolean = () => false): Promise<boolean> {
    let isOver = false;
    const cancel = this.world.clock.schedule(ms, () => (isOver = true));
    await this.#until(() => isOver || holds(), `${ms} ms`);
    cancel();
    return isOver || holds();
  }

  async #reaches(id: string, op: string): Promise<boolean> {
    const isMade = (): boolean =>
      this.trace.calls.some(({ call }) => call.id === id && call.op === op);
    return this.#passes(reachMs, isMade);
  }

  async #restarts(): Promise<boolean> {
    let isStopped = false;
    void this.#agent.engine.stop().then(() => (isStopped = true));
    await this.#until(() => isStopped, "the stop of the agent");
    if (!isStopped) return true;
    this.#agent = this.#newAgent();
    await this.#starts();
    return true;
  }

  async #starts(): Promise<boolean> {
    let isStarted = false;
    const { engine } = this.#agent;
    void engine.start(new AbortController().signal).then(() => (isStarted = true));
    await this.#until(() => isStarted, "the start of the agent");
    return isStarted;
  }

  /** Until it holds or the agent has died. @throws {Error} when neither comes. */
  async #until(holds: () => boolean, what: string): Promise<void> {
    const isOver = (): boolean => holds() || this.#agent.isDead;
    await this.world.clock.settle();
    try {
      if (!isOver()) await this.world.clock.advanceUntil(isOver, patienceMs);
    } catch (error) {
      throw new Error(`it does not end: ${what}`, { cause: error });
    }
    if (this.trace.isEndless) throw new Error(`the agent makes calls without end: ${what}`);
  }

  async #bury(): Promise<void> {
    await this.world.clock.settle();
    this.runs.note();
    this.#agent = this.#newAgent();
  }

  #newAgent(): MortalAgent {
    const tap = this.trace.tapFor(() => agent);
    const agent: MortalAgent = new MortalAgent(this.world, this.#random, async (call, moment) => {
      await tap(call, moment);
      this.runs.note();
    });
    return agent;
  }
}

/** Whether a client asks again after an error like this one. */
function isPassing(error: unknown): boolean {
  return AgentError.is(error) && error.retryable;
}

function idOf(text: string): WorkloadId {
  if (!isWorkloadId(text)) throw new TypeError(`${text} is not a workload id`);
  return text;
}
