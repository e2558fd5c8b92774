import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import {
  currentInstance,
  type Instance,
  isLive,
  keptInstance,
  type Observation,
  specDigest,
  type Target,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import type { RuntimeSubject } from "./runtime-contract-subject.ts";

/** How often a call is repeated to see that it is idempotent. */
export const repetitions = 10;

const pollMs = 10;
const defaultPatienceMs = 10_000;

/** How a call ended. */
export type Outcome = { readonly returned: unknown } | { readonly thrown: unknown };

/** What the cases of the contract do again and again with a subject. Asserts on the way that nothing runs twice. */
export class RuntimeStage {
  readonly subject: RuntimeSubject;
  readonly runtime: WorkloadRuntime;
  readonly id: WorkloadId;
  /** Never aborts. */
  readonly signal: AbortSignal = new AbortController().signal;

  constructor(subject: RuntimeSubject) {
    this.subject = subject;
    this.runtime = subject.runtime;
    this.id = this.idOf("a");
  }

  /** An id for this case. */
  idOf(name: string): WorkloadId {
    return `${this.subject.idPrefix ?? "contract"}-${name}` as WorkloadId;
  }

  get patienceMs(): number {
    return this.subject.patienceMs ?? defaultPatienceMs;
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
      stopGraceMs: Math.min(stopGraceMs, 1000),
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

  /** Starts a program that ignores a stop, and waits until it would. Undefined where the subject has none. */
  async startIgnoringStop(): Promise<Target | undefined> {
    const spec = this.subject.specs.ignoresStop?.();
    if (spec === undefined) return undefined;
    const target = this.target("r1", spec);
    await this.prepareAndStart(target);
    const { ignoresStopNow } = this.subject;
    await this.eventually("the program ignores a stop", () => ignoresStopNow?.(this.id) ?? true);
    return target;
  }

  /** Puts `second` in the place of `first`, which is kept. */
  async prepareAndReplace(first: Target, second: Target): Promise<void> {
    await this.prepareAndStart(first);
    await this.prepare(second);
    await this.runtime.replace(second, this.signal);
  }

  /** Looks, and holds the look against what is always true of one. */
  async observe(id: WorkloadId = this.id): Promise<Observation> {
    const seen = await this.runtime.observe(id, this.signal);
    if (seen.kind !== "present") return seen;
    assert.ok(seen.glance.length <= 512, "a glance has at most 512 characters");
    assert.ok(seen.instances.filter(isLive).length <= 1, "two instances are live");
    assert.ok(seen.instances.filter((it) => it.kept).length <= 1, "two instances are kept");
    assert.ok(seen.instances.filter((it) => !it.kept).length <= 1, "two instances are current");
    for (const it of seen.instances) {
      assert.equal(it.exit !== undefined, it.state === "exited", "exit goes with exited");
      if (isLive(it)) assert.ok(it.run !== undefined, "a live instance has a run");
    }
    return seen;
  }

  /** The current instance. @throws when there is none. */
  async current(id: WorkloadId = this.id): Promise<Instance> {
    const seen = await this.observe(id);
    const instance = currentInstance(seen);
    assert.ok(instance !== undefined, `there is no current instance: ${JSON.stringify(seen)}`);
    return instance;
  }

  /** The kept instance. @throws when there is none. */
  async kept(): Promise<Instance> {
    const seen = await this.observe();
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
    await this.eventually(`the current instance is ${state}`, async () => {
      instance = currentInstance(await this.observe(id));
      return instance?.state === state;
    });
    assert.ok(instance !== undefined);
    return instance;
  }

  /** Lets time pass until `holds`. @throws naming `fact` when patience ends. */
  async eventually(
    fact: string | (() => string),
    holds: () => boolean | Promise<boolean>,
  ): Promise<void> {
    for (let waitedMs = 0; waitedMs <= this.patienceMs; waitedMs += pollMs) {
      if (await holds()) return;
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
  async outcomeOf(call: Promise<unknown>, withinMs: number = this.patienceMs): Promise<Outcome> {
    const outcomes: Outcome[] = [];
    void call.then(
      (returned) => outcomes.push({ returned }),
      (thrown: unknown) => outcomes.push({ thrown }),
    );
    for (let waitedMs = 0; outcomes.length === 0 && waitedMs <= withinMs; waitedMs += pollMs) {
      await this.elapse(pollMs);
    }
    const [outcome] = outcomes;
    assert.ok(outcome !== undefined, `the call has not ended within ${withinMs} ms`);
    return outcome;
  }

  elapse(ms: number): Promise<void> {
    return this.subject.elapse?.(ms) ?? sleep(ms);
  }
}

/** A promise of the contract before a factory of subjects is known. */
export interface RuntimePromise {
  readonly id: string;
  readonly level: "MUST" | "SHOULD";
  readonly title: string;
  readonly check: (stage: RuntimeStage) => Promise<void>;
}
