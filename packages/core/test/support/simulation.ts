import { AgentError, type EnginePolicy, type ErrorCode, type WorkloadStatus } from "@persys/core";
import { type FaultableCall, type FaultMoment, SeededRandom } from "@persys/conformance";
import { disturb, recoverHealth } from "./disturbances.ts";
import { caller, SimulatedNode } from "./simulated-node.ts";
import { missingOf } from "./simulation-goal.ts";
import { choiceOf, specChoices } from "./simulated-specs.ts";
import { type Change, type Wish, Wishes, wishText } from "./wishes.ts";

const workloads = ["a", "b", "c", "d", "e"] as const;
const steps = ["prepare", "start", "replace", "retire", "restore", "stop", "remove"] as const;
const calls: readonly [FaultableCall, ...FaultableCall[]] = [...steps, "observe", "list", "probe"];
const moments: readonly [FaultMoment, ...FaultMoment[]] = ["before", "midway", "after"];
const codes: readonly [ErrorCode, ...ErrorCode[]] = [
  "RUNTIME_ERROR",
  "RUNTIME_UNAVAILABLE",
  "NETWORK_ERROR",
  "NOT_PREPARED",
  "PERMISSION_DENIED",
];

/** Places for one call at a time, so that everything has to wait for everything. */
const narrow: Partial<EnginePolicy> = { stepsAtOnce: 1, preparesAtOnce: 1, observesAtOnce: 1 };

/**
 * One random life of a node, the same for the same seed: users ask for things, the world changes by itself, calls and commits fail or
 * hang, the agent is killed and started again. After every action what must always hold is checked.
 */
export class Simulation {
  readonly node: SimulatedNode;
  readonly random: SeededRandom;
  readonly wishes: ReadonlyMap<string, Wishes> = new Map(workloads.map((id) => [id, new Wishes()]));
  /** What was done, newest last, for failure messages. */
  readonly log: string[] = [];
  readonly #seen = new Map<string, WorkloadStatus>();
  readonly #releases: (() => void)[] = [];
  #revisions = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    const policy = seed % 2 === 0 ? {} : narrow;
    this.node = SimulatedNode.idle({
      seed,
      policy: { backoffMaxMs: 20_000, stepTimeoutMs: 20_000, prepareTimeoutMs: 30_000, ...policy },
    });
    if (seed % 3 === 0) this.node.world.latencyMs = { observe: 40, list: 300, start: 100 };
  }

  /** Lives through so many random actions. @throws {Error} when something does not hold. */
  async live(actions: number): Promise<void> {
    await this.node.boot();
    for (let count = 0; count < actions; count += 1) {
      await this.#act();
      if (this.random.chance(0.7)) await this.#pass(this.random.integer(4_000));
      this.check();
    }
  }

  /** What has to hold at any time. @throws {Error} saying what does not. */
  check(): void {
    this.node.world.assertSound();
    if (this.node.blindCalls.length > 0) throw new Error(this.node.blindCalls.join("\n"));
    const statuses = this.node.api.list({});
    for (const status of statuses) this.#checkGrows(status);
    for (const [id, wishes] of this.wishes) {
      const status = statuses.find((it) => it.id === id);
      const { possible } = wishes;
      if (!possible.some((it) => isShown(it, status)))
        throw new Error(
          `${id}: asked for was ${possible.map(wishText).join(" or ")}, the agent has ${JSON.stringify(status)}`,
        );
    }
  }

  /** Ends every trouble, and lets the world become as it is wanted. */
  async heal(): Promise<void> {
    const { world, store } = this.node;
    this.log.push("heal");
    for (const release of this.#releases.splice(0)) release();
    world.faults.clear();
    store.clearFaults();
    world.events.deliver({});
    world.setUnreachable(false);
    recoverHealth(world);
    await this.#pass(120_000);
    this.check();
    for (const [id, wishes] of this.wishes) {
      const status = this.node.api.list({}).find((it) => it.id === id);
      wishes.settle(wishOf(status));
      if (status?.actual === "failed") await this.node.retry(id);
    }
    await this.#pass(120_000);
    this.check();
    for (const id of this.wishes.keys()) {
      const missing = missingOf(this.node, id);
      if (missing !== undefined) throw new Error(`${id}: ${missing}; ${this.#picture(id)}`);
    }
    await this.#checkRest();
  }

  /** Nothing is done any more for what is as wanted, also when the agent is started anew. @throws {Error} when something is. */
  async #checkRest(): Promise<void> {
    const { world } = this.node;
    const resting = [...this.wishes.keys()].filter((id) => isAtRest(this.node, id));
    const done = (): string => resting.map((id) => `${id}: ${world.journal.of(id).join()}`).join();
    const before = done();
    await this.#pass(60_000);
    await this.node.restart();
    await this.#pass(60_000);
    if (done() !== before) throw new Error(`something was done at rest: ${before}, then ${done()}`);
    if (resting.length === workloads.length && this.node.store.commits > 0)
      throw new Error(`${this.node.store.commits} commits though nothing changed`);
  }

  #picture(id: string): string {
    const status = this.node.api.list({}).find((it) => it.id === id);
    const { current, kept, prepared } = this.node.world.instances.get(id) ?? {};
    const shown = [current, kept].map((it) => it && { ...it, behaviour: undefined });
    return JSON.stringify({ status, shown, prepared });
  }

  async #act(): Promise<void> {
    const dice = this.random.fraction();
    if (dice < 0.07) await this.#burst();
    else if (dice < 0.4) this.#ask();
    else if (dice < 0.65) this.#disturb();
    else if (dice < 0.8) this.#breakRuntime();
    else if (dice < 0.88) this.#breakStore();
    else if (dice < 0.92) this.#mend();
    else if (dice < 0.97) await this.#kill();
    else await this.#restart();
    await this.node.clock.settle();
  }

  /** Several things at once, at any moment of what the ones before set going. */
  async #burst(): Promise<void> {
    const id = this.random.pick(workloads);
    for (let count = 2 + this.random.integer(4); count > 0; count -= 1) {
      if (this.random.chance(0.8)) this.#ask(id);
      else this.log.push(disturb(this.node.world, id, this.random));
      for (let turns = this.random.integer(40); turns > 0; turns -= 1) await Promise.resolve();
    }
  }

  #ask(id = this.random.pick(workloads)): void {
    const { api } = this.node;
    const dice = this.random.fraction();
    const desired = this.random.chance(0.8) ? "running" : "stopped";
    if (dice < 0.5) {
      const choice = this.random.chance(0.5) ? specChoices[0] : this.random.pick(specChoices);
      const revisionId = this.random.chance(0.2)
        ? `${choice.name}-0`
        : `${choice.name}-${(this.#revisions += 1)}`;
      const spec = { ...choice.spec, note: revisionId };
      const request = { id, type: "simulated", revisionId, desired, spec } as const;
      const wish: Wish = { kind: "some", desired, revisionId };
      this.#send(id, `apply ${revisionId} ${desired}`, api.apply(request, caller), () => wish);
    } else if (dice < 0.7) {
      const request = { id, type: undefined, revisionId: "", desired, spec: undefined } as const;
      const change: Change = (it) => (it.kind === "none" ? it : { ...it, desired });
      this.#send(id, `want ${desired}`, api.apply(request, caller), change);
    } else if (dice < 0.9) {
      this.#send(id, "remove", api.remove(id, caller), () => ({ kind: "none" }));
    } else {
      this.#send(id, "retry", api.retry(id, caller), (it) => it);
    }
  }

  #send(id: string, what: string, answer: Promise<unknown>, change: Change): void {
    this.log.push(`${id}: ${what}`);
    this.wishes.get(id)?.follow(change, answer);
  }

  #disturb(): void {
    this.log.push(disturb(this.node.world, this.random.pick(workloads), this.random));
  }

  #breakRuntime(): void {
    const { world } = this.node;
    const dice = this.random.integer(8);
    const call = this.random.pick(calls);
    const at = this.random.pick(moments);
    const times = 1 + this.random.integer(3);
    this.log.push(`runtime trouble ${dice}: ${call} ${at} ${times}`);
    if (dice < 4) {
      const code = this.random.pick(codes);
      const isTransient = code !== "PERMISSION_DENIED";
      const effect = at === "before" ? "none" : "unknown";
      const error = new AgentError(code, "a fault", { retryable: isTransient, effect });
      world.faults.failNext(call, error, { at, times });
    } else if (dice === 4) {
      this.#releases.push(
        world.faults.hangNext(call, { at, ignoresAbort: this.random.chance(0.2) }),
      );
    } else if (dice === 5) world.setUnreachable(true);
    else if (dice === 6) world.events.deliver({ drop: true });
    else world.events.deliver({ copies: 2, delayMs: this.random.integer(3_000) });
  }

  #breakStore(): void {
    const { store } = this.node;
    const times = 1 + this.random.integer(4);
    const dice = this.random.integer(4);
    this.log.push(`store trouble ${dice} ${times}`);
    if (dice === 0) store.failNext({ times });
    else if (dice === 1) store.failNext({ times, stored: true });
    else if (dice === 2) store.failNext({ times, effect: "unknown" });
    else this.#releases.push(store.hang());
  }

  #mend(): void {
    const { world, store } = this.node;
    this.log.push("mend");
    for (const release of this.#releases.splice(0)) release();
    store.clearFaults();
    world.events.deliver({});
    world.setUnreachable(false);
  }

  /** Ends the agent as a kill does, lets the world go on without it for a while, and starts another. */
  async #kill(): Promise<void> {
    this.log.push("the agent is killed");
    await this.node.crash();
    for (const wishes of this.wishes.values()) wishes.lose();
    if (this.random.chance(0.3)) this.#disturb();
    if (this.random.chance(0.3)) this.node.clock.jumpWall(this.random.integer(40_000) - 20_000);
    await this.#pass(this.random.integer(2) * this.random.integer(30_000));
    await this.node.boot();
  }

  async #restart(): Promise<void> {
    this.log.push("the agent is restarted");
    this.#mend();
    await this.node.clock.settle();
    await this.node.stop();
    for (const wishes of this.wishes.values()) wishes.lose();
    await this.node.boot();
  }

  async #pass(ms: number): Promise<void> {
    this.log.push(`  ${ms} ms pass`);
    await this.node.clock.advance(ms);
  }

  #checkGrows(status: WorkloadStatus): void {
    const before = this.#seen.get(status.id);
    this.#seen.set(status.id, status);
    if (before?.uid !== status.uid) return;
    const [epoch, counter] = status.observedSequence;
    const [epochBefore, counterBefore] = before.observedSequence;
    const goesBack =
      status.generation < before.generation ||
      epoch < epochBefore ||
      (epoch === epochBefore && counter < counterBefore);
    if (goesBack)
      throw new Error(
        `the status of ${status.id} went back: generation ${before.generation} to ${status.generation}, sequence ${before.observedSequence.join(".")} to ${status.observedSequence.join(".")}`,
      );
  }
}

const queuedRevision = /revision (\S+) is created afterwards/;

/** What the agent wants, as the status of a workload that is not being deleted tells. */
function wishOf(status: WorkloadStatus | undefined): Wish {
  if (status === undefined || status.desired === "deleted") return { kind: "none" };
  return { kind: "some", desired: status.desired, revisionId: status.revisionId };
}

/** Whether the status may be that of a workload that is wanted so. */
function isShown(wish: Wish, status: WorkloadStatus | undefined): boolean {
  if (status?.desired !== "deleted") return wishText(wishOf(status)) === wishText(wish);
  const queued = queuedRevision.exec(status.message)?.[1];
  if (queued !== undefined) return wish.kind === "some" && wish.revisionId === queued;
  // What waits for the deletion is not told while that fails.
  return wish.kind === "none" || status.actual !== "pending";
}

function isAtRest(node: SimulatedNode, id: string): boolean {
  const status = node.api.list({}).find((it) => it.id === id);
  if (status === undefined || status.actual === "stopped") return true;
  if (status.actual === "running") return true;
  const { fallbackRevisionId } = node.api.get(id);
  const fallback = fallbackRevisionId === undefined ? undefined : choiceOf(fallbackRevisionId);
  // Somebody may have made a revision settle that fails on its own.
  return status.failure?.retryable === false && fallback?.outcome !== "fails";
}
