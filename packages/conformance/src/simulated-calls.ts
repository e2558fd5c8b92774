import { elapse } from "./until.ts";
import type { FaultableCall, FaultMoment } from "./simulated-faults.ts";
import type { JournalEntry, SimulatedOperation } from "./simulated-journal.ts";
import { type SimulatedWorld, unreachableError } from "./simulated-world.ts";

/** A call for one workload, or for all where `id` is undefined. */
interface Call {
  readonly id: string | undefined;
  readonly signal: AbortSignal;
}

/** A call that changes something. */
interface ChangingCall {
  readonly op: SimulatedOperation;
  readonly id: string;
  /** Empty where the call names no revision. */
  readonly revisionId: string;
  readonly signal: AbortSignal;
}

/** What every call of one simulated runtime goes through: the journal, the world's latency and faults, the crash of the agent. */
export class SimulatedCalls {
  readonly #world: SimulatedWorld;
  readonly #underWay = new Set<JournalEntry>();
  #crashed = false;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** From now on no call does anything or returns. */
  crash(): void {
    this.#crashed = true;
    for (const entry of this.#underWay) this.#world.journal.end(entry, "lost");
    this.#underWay.clear();
  }

  /** Does the work of a changing call. @throws what the work or a fault throws, or the signal's reason. */
  async change(call: ChangingCall, work: () => Promise<void>): Promise<void> {
    if (this.#crashed) await never();
    const { op, id, revisionId, signal } = call;
    signal.throwIfAborted();
    const { journal, clock } = this.#world;
    const atMs = clock.wallMs();
    const entry: JournalEntry = { op, id, revisionId, atMs, outcome: "under way" };
    journal.begin(entry);
    this.#underWay.add(entry);
    try {
      await this.reach(op, call);
      await work();
      await this.point(op, "after", call);
      journal.end(entry, "done");
    } catch (error) {
      journal.end(entry, signal.aborted ? "aborted" : "failed");
      throw error;
    } finally {
      this.#underWay.delete(entry);
    }
  }

  /** The beginning of a call. @throws {AgentError} RUNTIME_UNAVAILABLE while the world cannot be reached. */
  async reach(name: FaultableCall, call: Call): Promise<void> {
    await this.point(name, "before", call);
    await this.elapse(this.#world.latencyMs[name] ?? 0, call.signal);
    if (this.#world.unreachable) throw unreachableError();
  }

  /** A moment at which a fault may strike and a call gives up when its signal has aborted. */
  async point(name: FaultableCall, at: FaultMoment, call: Call): Promise<void> {
    call.signal.throwIfAborted();
    await this.#alive(this.#world.faults.strike(name, at, call));
  }

  /** Waits by the world's clock. @throws the signal's reason. */
  elapse(delayMs: number, signal: AbortSignal): Promise<void> {
    return this.#alive(elapse(this.#world.clock, delayMs, signal));
  }

  /** Waits; for ever when the agent was killed meanwhile. */
  async #alive(wait: Promise<void>): Promise<void> {
    try {
      await wait;
    } finally {
      if (this.#crashed) await never();
    }
  }
}

/** A promise that nobody keeps. */
function never(): Promise<never> {
  return new Promise(() => {});
}
