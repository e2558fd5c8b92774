import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import {
  AgentError,
  currentInstance,
  type Glance,
  type Instance,
  keptInstance,
  type Observation,
  specDigest,
  type Target,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import type { CaseContext } from "../contract-case.ts";
import { ContractViolation } from "../contract-violation.ts";
import { CallTrail } from "./call-trail.ts";
import { CaseTime, type Outcome, pollMs } from "./case-time.ts";
import { assertSoundObservation } from "./sound-observation.ts";
import type { RuntimeSubject } from "./runtime-subject.ts";
import { WatchedRuntime } from "./watched-runtime.ts";
import { callOf, type Change } from "./workload-change.ts";

/** How often a call is repeated to see that it is idempotent. */
export const repetitions = 10;

/**
 * How soon a call has to give up once its signal aborts, in milliseconds. The engine takes it for stuck after five seconds; where the subject
 * makes the time, no machine is too busy for less.
 */
const prompt = { realMs: 5000, madeMs: 1000 } as const;

/** The grace of targets: no program of a subject that ends when it is asked to takes longer. */
const graceMs = 1000;

/** So much is done at once where order does not matter: enough to wait together, too little to stall a host. */
const workersMax = 4;

/** So many pairs of looks, of which none agree, are not explained by a change between the two. */
const agreementLooks = 3;

/** Subjects that take fewer sequences have slow runtimes. */
const manySequences = 5;

const defaultPatienceMs = 10_000;
const defaultWindDownMs = 1000;

/** What the cases of the contract do again and again with a subject. Asserts on the way that nothing runs twice. */
export class RuntimeStage {
  readonly subject: RuntimeSubject;
  /** The subject's, watched: every call has to end within the subject's patience. */
  readonly runtime: WorkloadRuntime;
  readonly id: WorkloadId;
  readonly context: CaseContext;
  readonly trail: CallTrail = new CallTrail();
  readonly #closing = new AbortController();
  readonly #time: CaseTime;

  constructor(subject: RuntimeSubject, context: CaseContext) {
    this.subject = subject;
    this.context = context;
    this.#time = new CaseTime(subject.elapse, this.#closing.signal);
    this.runtime = this.watched(subject.runtime);
    this.id = this.idOf("a");
    setMaxListeners(0, this.#closing.signal);
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (context.signal.aborted) this.#onAbort();
  }

  /** Aborts when the result of the case is no longer wanted, and once the stage is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends all that still goes on. */
  close(): void {
    this.context.signal.removeEventListener("abort", this.#onAbort);
    this.#closing.abort(new Error("the case is over"));
  }

  readonly #onAbort = (): void => this.#closing.abort(this.context.signal.reason);

  /** Says that what the subject lacks keeps the clause from being judged, or a part of it. */
  unjudged(lacking: string): void {
    this.context.unjudged(`the subject has no ${lacking}`);
  }

  /** An id for this case. */
  idOf(name: string): WorkloadId {
    return `${this.#idPrefix}-${name}` as WorkloadId;
  }

  /** An id as it reads in a trail. */
  nameOf = (id: string): string =>
    id.startsWith(`${this.#idPrefix}-`) ? id.slice(this.#idPrefix.length + 1) : id;

  get #idPrefix(): string {
    return this.subject.idPrefix ?? "contract";
  }

  get patienceMs(): number {
    return this.subject.patienceMs ?? defaultPatienceMs;
  }

  /** Whether calls are so slow that cases have to choose by the seed what they try. */
  get isSlow(): boolean {
    return (this.subject.sequences?.count ?? manySequences) < manySequences;
  }

  /** How soon a call has to give up once its signal aborts, in milliseconds. */
  get promptMs(): number {
    return this.subject.elapse === undefined ? prompt.realMs : prompt.madeMs;
  }

  get windDownMs(): number {
    return this.subject.windDownMs ?? defaultWindDownMs;
  }

  /** Another runtime over the same host, watched as well. Undefined where the subject cannot have one. */
  async reopened(): Promise<WorkloadRuntime | undefined> {
    const runtime = await this.subject.reopen?.();
    if (runtime === undefined) return undefined;
    this.trail.note("(the agent is started again)");
    return this.watched(runtime);
  }

  watched(runtime: WorkloadRuntime): WorkloadRuntime {
    return new WatchedRuntime(runtime, {
      trail: this.trail,
      nameOf: this.nameOf,
      inTime: async (what, call) => {
        const outcome = await this.#time.settled(call, this.patienceMs);
        if (outcome === undefined)
          throw new ContractViolation(`${what} has not ended within ${this.patienceMs} ms`);
        if ("thrown" in outcome) throw outcome.thrown;
        return outcome.returned;
      },
    });
  }

  /** Somebody acts behind the runtime. */
  async behind(what: string, id: WorkloadId, act: (id: string) => Promise<void>): Promise<void> {
    this.trail.note(`(${what} ${this.nameOf(id)} behind it)`);
    await act(id);
  }

  kill(id: WorkloadId = this.id): Promise<void> {
    return this.behind("kill", id, (it) => this.subject.killBehind(it));
  }

  /** A target of this spec. The same revision and spec give the same target. */
  target(revisionId: string, input: unknown, id: WorkloadId = this.id): Target {
    const parsed = this.runtime.parseSpec(input);
    assert.ok(parsed.ok, "the subject's own spec is refused");
    const { spec, stopGraceMs } = parsed.value;
    return {
      id,
      uid: `uid-of-${id}`,
      revisionId,
      specDigest: specDigest(spec),
      spec,
      stopGraceMs: Math.min(stopGraceMs, graceMs),
    };
  }

  /** A target that runs until it is stopped, different for every revision. */
  longRunning(revisionId: string, id: WorkloadId = this.id): Target {
    return this.target(revisionId, this.subject.specs.longRunning(revisionId), id);
  }

  prepare(target: Target): Promise<void> {
    return this.runtime.prepare(target, this.signal, () => {});
  }

  async prepareAndStart(target: Target): Promise<void> {
    await this.prepare(target);
    await this.runtime.start(target, this.signal);
  }

  stop(id: WorkloadId = this.id, withinMs: number = graceMs): Promise<void> {
    return this.runtime.stop(id, withinMs, this.signal);
  }

  /** Starts a program that ignores a stop, and waits until it would. Undefined where the subject has none. */
  async startIgnoringStop(): Promise<Target | undefined> {
    const spec = this.subject.specs.ignoresStop?.();
    if (spec === undefined) {
      this.unjudged("program that ignores a stop (specs.ignoresStop)");
      return undefined;
    }
    const target = this.target("r1", spec);
    await this.prepareAndStart(target);
    const { ignoresStopNow } = this.subject;
    await this.eventually("the program ignores a stop", () => ignoresStopNow?.(this.id) ?? true);
    return target;
  }

  /** Starts a program that takes `ms` to end, and waits until it would. Undefined where the subject has none. */
  async startStoppingSlowly(ms: number): Promise<Target | undefined> {
    const spec = this.subject.specs.stopsSlowly?.(ms);
    if (spec === undefined) {
      this.unjudged("program that takes its time to end (specs.stopsSlowly)");
      return undefined;
    }
    const target = this.target("r1", spec);
    await this.prepareAndStart(target);
    const { stopsSlowlyNow } = this.subject;
    await this.eventually("the program takes its time", () => stopsSlowlyNow?.(this.id) ?? true);
    return target;
  }

  /** Puts `second` in the place of `first`, which is kept. */
  async prepareAndReplace(first: Target, second: Target): Promise<void> {
    await this.prepareAndStart(first);
    await this.prepare(second);
    await this.runtime.replace(second, this.signal);
  }

  /** Looks, and holds the look against what is always true of one. */
  async observe(
    id: WorkloadId = this.id,
    runtime: WorkloadRuntime = this.runtime,
  ): Promise<Observation> {
    const seen = await runtime.observe(id, this.signal);
    assertSoundObservation(seen);
    return seen;
  }

  /** A look that a list agrees with: the id is in it exactly when something is there, with the same glance. */
  async agreedLook(
    id: WorkloadId = this.id,
    runtime: WorkloadRuntime = this.runtime,
  ): Promise<Observation> {
    // What changes by itself between the two looks is looked at again.
    for (let looks = 1; ; looks += 1) {
      const seen = await this.observe(id, runtime);
      const listed = (await this.list(runtime)).get(id);
      const glance = seen.kind === "present" ? seen.glance : undefined;
      if (seen.kind === "unreadable" || listed === glance) return seen;
      if (looks === agreementLooks)
        throw new ContractViolation("a list tells otherwise than an observation", {
          expected: { glance: glance ?? "none, for it is absent" },
          seen: { listed: listed ?? "not at all" },
        });
    }
  }

  /** The ids of this case that a list shows, with their glances. */
  async list(runtime: WorkloadRuntime = this.runtime): Promise<ReadonlyMap<WorkloadId, Glance>> {
    const listed = await runtime.list(this.signal);
    return new Map([...listed].filter(([id]) => id.startsWith(this.#idPrefix)));
  }

  /** The current instance. @throws when there is none. */
  async current(id: WorkloadId = this.id): Promise<Instance> {
    const seen = await this.observe(id);
    const instance = currentInstance(seen);
    assert.ok(instance !== undefined, `there is no current instance: ${JSON.stringify(seen)}`);
    return instance;
  }

  /** The kept instance. @throws when there is none. */
  async kept(id: WorkloadId = this.id): Promise<Instance> {
    const seen = await this.observe(id);
    const instance = keptInstance(seen);
    assert.ok(instance !== undefined, `there is no kept instance: ${JSON.stringify(seen)}`);
    return instance;
  }

  async assertAbsent(id: WorkloadId = this.id): Promise<void> {
    assert.deepEqual(await this.observe(id), { kind: "absent" });
    assert.equal((await this.runtime.list(this.signal)).get(id), undefined);
  }

  /** Waits until the host holds nothing of the subject's. What winds down by itself may take its time. */
  async assertNothingLeft(): Promise<void> {
    await this.assertAbsent();
    let left: readonly string[] = [];
    const isEmpty = async (): Promise<boolean> => {
      left = (await this.subject.leftovers?.()) ?? [];
      return left.length === 0;
    };
    await this.eventually(
      () => `nothing is left on the host; there is ${left.join(", ")}`,
      isEmpty,
    );
  }

  /** The current instance once it is in `state`. */
  async currentOnce(state: Instance["state"], id: WorkloadId = this.id): Promise<Instance> {
    let instance: Instance | undefined;
    await this.eventually(
      () => `the current instance is ${state}; seen is ${JSON.stringify(instance)}`,
      async () => {
        instance = currentInstance(await this.observe(id));
        return instance?.state === state;
      },
    );
    assert.ok(instance !== undefined);
    return instance;
  }

  /** Lets time pass until `holds`. @throws naming `fact` when patience ends. */
  async eventually(
    fact: string | (() => string),
    holds: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const giveUpAtMs = performance.now() + this.patienceMs;
    for (let waitedMs = 0; waitedMs <= this.patienceMs; waitedMs += pollMs) {
      if (await holds()) return;
      // Looks of a real runtime take time of their own.
      if (this.subject.elapse === undefined && performance.now() > giveUpAtMs) break;
      await this.elapse(pollMs);
    }
    const text = typeof fact === "string" ? fact : fact();
    assert.fail(`not within ${this.patienceMs} ms: ${text}`);
  }

  /** What a call throws. Fails when it does not throw, or has not ended within `withinMs`. */
  async failureOf(call: Promise<unknown>, withinMs: number = this.patienceMs): Promise<unknown> {
    const outcome = await this.outcomeOf(call, withinMs);
    assert.ok("thrown" in outcome, "the call succeeded");
    return outcome.thrown;
  }

  /** How a call ends. Fails when it has not ended within `withinMs`. */
  async outcomeOf<T>(call: Promise<T>, withinMs: number = this.patienceMs): Promise<Outcome<T>> {
    const outcome = await this.#time.settled(call, withinMs);
    assert.ok(outcome !== undefined, `the call has not ended within ${withinMs} ms`);
    return outcome;
  }

  /**
   * Makes a changing call and calls it off so much later. Whether it was: it may have succeeded before.
   * @throws when it does not end promptly, or with anything but the signal's reason.
   */
  async cut(id: WorkloadId, change: Change, afterMs: number): Promise<boolean> {
    const cancel = new AbortController();
    const reason = new AgentError("CANCELLED", "enough", { retryable: true });
    const { signal } = cancel;
    const call = callOf(this.runtime, id, { change, graceMs, signal });
    const ending = this.outcomeOf(call);
    // Should this case end before the call does, nobody waits for it.
    ending.catch(() => {});
    if (afterMs > 0) await Promise.race([ending, this.elapse(afterMs)]);
    cancel.abort(reason);
    const outcome = await this.#time.settled(call, this.promptMs);
    assert.ok(outcome !== undefined, `${change.op} does not give up after its signal`);
    if ("returned" in outcome) return false;
    assert.equal(outcome.thrown, reason, `${change.op} does not reject with the signal's reason`);
    return true;
  }

  /** Does `act` again and again until `call` has ended. @throws what the call or the act throws. */
  async meanwhile<T>(call: Promise<T>, act: () => Promise<void>): Promise<Outcome<T>> {
    const ending: { outcome?: Outcome<T> } = {};
    const ended = this.outcomeOf(call).then((outcome) => {
      ending.outcome = outcome;
    });
    // Should an act fail before the call has ended, nobody waits for it.
    ended.catch(() => {});
    while (ending.outcome === undefined) {
      await act();
      await Promise.race([ended, this.elapse(1)]);
    }
    await ended;
    return ending.outcome;
  }

  /** Does the work for all: a few at once, but one by one where time is made by the subject, for every wait makes it pass for all. */
  async forEach<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
    const left = [...all];
    const goOn = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
    };
    const width = this.subject.elapse === undefined ? workersMax : 1;
    await Promise.all(Array.from({ length: width }, goOn));
  }

  /** Lets time pass for the runtime. @throws once the case is over. */
  elapse(ms: number): Promise<void> {
    return this.#time.elapse(ms);
  }
}
