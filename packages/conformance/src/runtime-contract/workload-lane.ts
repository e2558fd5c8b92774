import {
  AgentError,
  type Instance,
  isLive,
  type Observation,
  type SpecDigest,
  type Target,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import { ContractViolation } from "../contract-violation.ts";
import type { Outcome } from "./case-time.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import type { LaneCommand } from "./lane-command.ts";
import { callOf, type Change } from "./workload-change.ts";
import {
  faultsAfterCancel,
  faultsAfterNothing,
  faultsAfterSuccess,
  type Holding,
  holdingOf,
  isHalfMade,
  isJob,
  isOfTarget,
} from "./workload-model.ts";

const graceMs = 1000;
const retryMs = 20;

/**
 * One workload of a sequence, with what the contract says of it. Every command is made through the runtime and held against the model: what
 * was seen before, what was asked, how that ended, and what is seen after.
 */
export class WorkloadLane {
  readonly id: WorkloadId;
  readonly #stage: RuntimeStage;
  readonly #runtime: () => WorkloadRuntime;
  readonly #prepared = new Map<SpecDigest, "yes" | "maybe">();
  readonly #glances = new Map<string, string>();
  #creations = 0;
  #last: Holding = { current: undefined, kept: undefined };

  /** `runtime` gives the one of the moment: it changes when the agent is started again. */
  constructor(stage: RuntimeStage, name: string, runtime: () => WorkloadRuntime) {
    this.#stage = stage;
    this.#runtime = runtime;
    this.id = stage.idOf(name);
  }

  /** Makes one command, where it can be made. @throws {ContractViolation} when the runtime does not do as the contract says. */
  async play(command: LaneCommand): Promise<void> {
    await this.assertAsLeft();
    switch (command.op) {
      case "kill":
      case "pause":
      case "vanish":
        return this.#disturb(command.op);
      case "look":
        return undefined;
      default: {
        const change = this.#changeOf(command);
        if (!command.isUnprepared) await this.#prepareFor(change);
        return command.cutAfterMs === undefined
          ? this.#make(change)
          : this.#makeAndCut(change, command.cutAfterMs);
      }
    }
  }

  /** What a start or replace is made from has to be prepared, or nothing comes of it. */
  async #prepareFor(change: Change): Promise<void> {
    if (change.op !== "start" && change.op !== "replace") return;
    const { target } = change;
    if (this.#prepared.get(target.specDigest) !== "yes")
      await this.#make({ op: "prepare", target });
  }

  /** Nothing happens to a workload but what is asked for it. */
  async assertAsLeft(): Promise<void> {
    const seen = await this.#look();
    this.#judge(
      "something changed that nobody asked for",
      faultsAfterNothing({ before: this.#last, after: seen }),
      { before: this.#last, after: seen },
    );
  }

  /** Removes whatever there is. */
  async end(): Promise<void> {
    await this.#make({ op: "remove" });
  }

  #changeOf({ op, revision }: LaneCommand): Change {
    switch (op) {
      case "prepare":
      case "start":
      case "replace":
        return { op, target: this.#target(revision) };
      case "retire": {
        const { current } = this.#last;
        return { op, keepDigests: current === undefined ? [] : [current.specDigest] };
      }
      case "retire-all":
        return { op: "retire", keepDigests: [] };
      case "restore":
      case "stop":
      case "remove":
        return { op };
      default:
        throw new Error(`${op} is no change`);
    }
  }

  #target(revision: number): Target {
    const { specs } = this.#stage.subject;
    const job = revision === 0 ? specs.exitsWith?.(3) : undefined;
    const revisionId = job === undefined ? `r${revision}` : "job";
    const target = this.#stage.target(revisionId, job ?? specs.longRunning(revisionId), this.id);
    return { ...target, uid: `${target.uid}-${this.#creations}` };
  }

  /** Makes a call that nothing disturbs. What was called off before may still be under way on the host, which may refuse for a moment. */
  async #make(change: Change): Promise<void> {
    const { signal } = this.#stage;
    const giveUpAtMs = performance.now() + this.#stage.patienceMs;
    for (;;) {
      const before = await this.#look();
      const outcome = await this.#outcomeOf(
        callOf(this.#runtime(), this.id, { change, graceMs, signal }),
      );
      if ("returned" in outcome) return this.#succeeded(change, before);
      const { thrown } = outcome;
      if (this.#mayRefuse(change, before, thrown)) return this.#refused(thrown, before);
      const isMomentary = this.#isUnsettled && AgentError.is(thrown) && thrown.retryable;
      if (!isMomentary || performance.now() > giveUpAtMs)
        throw new ContractViolation(`${change.op} failed, and must not: ${String(thrown)}`, {
          seen: before,
          cause: thrown,
        });
      await this.#stage.elapse(retryMs);
    }
  }

  /** Whether a call was called off, and what it had begun may go on for a moment. */
  #isUnsettled = false;

  async #makeAndCut(change: Change, afterMs: number): Promise<void> {
    const before = await this.#look();
    const cut = new AbortController();
    const reason = new AgentError("CANCELLED", "enough", { retryable: true });
    const call = callOf(this.#runtime(), this.id, { change, graceMs, signal: cut.signal });
    const ending = this.#outcomeOf(call);
    if (afterMs > 0) await Promise.race([ending, this.#stage.elapse(afterMs)]);
    cut.abort(reason);
    const outcome = await ending;
    if ("returned" in outcome) return this.#succeeded(change, before);
    if (outcome.thrown !== reason && this.#mayRefuse(change, before, outcome.thrown))
      return this.#refused(outcome.thrown, before);
    if (outcome.thrown !== reason)
      throw new ContractViolation(
        `${change.op} was called off, and did not reject with the signal's reason`,
        { expected: reason, seen: outcome.thrown, cause: outcome.thrown },
      );
    this.#isUnsettled = true;
    // What the host was asked for already may still come about; what is seen then stays.
    await this.#stage.elapse(this.#stage.windDownMs);
    const after = await this.#look();
    this.#judge(`${change.op} was called off`, faultsAfterCancel(change, { before, after }), {
      before,
      after,
    });
    this.#noteCut(change);
    this.#last = after;
    return undefined;
  }

  async #succeeded(change: Change, before: Holding): Promise<void> {
    const after = await this.#look();
    const faults = faultsAfterSuccess(change, { before, after });
    const isOther = isOverAnother(change, before);
    if (!isOther || faults.length > 0)
      this.#judge(`${change.op} succeeded`, faults, { before, after });
    this.#noteSuccess(change);
    this.#isUnsettled = false;
    this.#last = after;
  }

  async #refused(thrown: unknown, before: Holding): Promise<void> {
    const after = await this.#look();
    this.#judge(
      `a call failed without an effect: ${String(thrown)}`,
      faultsAfterNothing({ before, after }),
      { before, after },
    );
    this.#last = after;
  }

  /** Whether a failure is one that the contract allows here. */
  #mayRefuse(change: Change, before: Holding, thrown: unknown): boolean {
    if (!AgentError.is(thrown) || thrown.effect !== "none") return false;
    if (change.op !== "start" && change.op !== "replace") return false;
    if (thrown.code === "NOT_PREPARED")
      return this.#prepared.get(change.target.specDigest) !== "yes";
    return isOverAnother(change, before);
  }

  #noteSuccess(change: Change): void {
    switch (change.op) {
      case "prepare":
        this.#prepared.set(change.target.specDigest, "yes");
        break;
      case "retire":
        for (const digest of this.#prepared.keys())
          if (!change.keepDigests.includes(digest)) this.#prepared.set(digest, "maybe");
        break;
      case "remove":
        this.#prepared.clear();
        // What is made from now on belongs to another creation of the id.
        this.#creations += 1;
        break;
      default:
    }
  }

  #noteCut(change: Change): void {
    if (change.op !== "retire" && change.op !== "remove") return;
    for (const digest of this.#prepared.keys()) this.#prepared.set(digest, "maybe");
  }

  async #disturb(op: "kill" | "pause" | "vanish"): Promise<void> {
    const { killBehind: kill, pauseBehind: pause, removeBehind: vanish } = this.#stage.subject;
    const act = { kill, pause, vanish }[op];
    const { current } = this.#last;
    if (act === undefined || current === undefined || isHalfMade(current)) return;
    if (op !== "vanish" && current.state !== "running") return;
    await this.#stage.behind(op, this.id, act);
    await (op === "vanish" ? this.#hasVanished() : this.#hasBecome(op, current));
  }

  async #hasVanished(): Promise<void> {
    const { losesKeptWithCurrent = false } = this.#stage.subject;
    const kept = losesKeptWithCurrent ? undefined : this.#last.kept;
    // What it had prepared may have gone with it.
    for (const digest of this.#prepared.keys()) this.#prepared.set(digest, "maybe");
    await this.#becomes("it is seen to be gone", (seen) => seen.current === undefined);
    const isKept = JSON.stringify(kept) === JSON.stringify(this.#last.kept);
    const faults = isKept ? [] : ["what is kept is as it was, or gone where it has to"];
    this.#judge("the current instance was removed behind it", faults, this.#last);
  }

  async #hasBecome(op: "kill" | "pause", before: Instance): Promise<void> {
    const state = op === "kill" ? "exited" : "paused";
    await this.#becomes(`it is seen to be ${state}`, (seen) => seen.current?.state === state);
    const after = this.#last.current;
    const isSameRun = after?.handle === before.handle && after.run === before.run;
    const isClean = after?.exit?.kind === "code" && after.exit.code === 0;
    const faults = [
      ...(isSameRun ? [] : ["it is the same instance, in the same run"]),
      ...(isClean ? ["what was killed has not exited with 0"] : []),
    ];
    this.#judge(`somebody did ${op} it`, faults, { before, after });
  }

  async #becomes(fact: string, holds: (seen: Holding) => boolean): Promise<void> {
    await this.#stage.eventually(fact, async () => {
      this.#last = await this.#look();
      return holds(this.#last);
    });
  }

  /** What there is, once programs that end by themselves have ended; held against the list. */
  async #look(): Promise<Holding> {
    let holding: Holding = { current: undefined, kept: undefined };
    await this.#stage.eventually("a program that ends by itself has ended", async () => {
      const seen = await this.#stage.agreedLook(this.id, this.#runtime());
      holding = holdingOf(seen);
      this.#noteGlance(seen, holding);
      const { current } = holding;
      return current === undefined || !isJob(current.revisionId) || !isLive(current);
    });
    return holding;
  }

  /** One glance never stands for two different things. */
  #noteGlance(seen: Observation, { current, kept }: Holding): void {
    if (seen.kind !== "present") return;
    const substance = [current, kept].map((it) => `${it?.handle} ${it?.run} ${it?.state}`).join();
    const before = this.#glances.get(seen.glance) ?? substance;
    this.#glances.set(seen.glance, substance);
    if (before === substance) return;
    throw new ContractViolation("one glance stands for two different things", {
      expected: before,
      seen: substance,
    });
  }

  #outcomeOf(call: Promise<void>): Promise<Outcome<void>> {
    return this.#stage.outcomeOf(call);
  }

  #judge(what: string, faults: readonly string[], seen: unknown): void {
    if (faults.length === 0) return;
    throw new ContractViolation(
      `${this.#stage.nameOf(this.id)}: ${what}, but it does not hold that ${faults.join("; that ")}`,
      {
        expected: faults,
        seen,
      },
    );
  }
}

/** A start where another revision is current: the contract leaves open whether that is replaced. */
function isOverAnother(change: Change, { current }: Holding): boolean {
  return (
    change.op === "start" &&
    current !== undefined &&
    !isHalfMade(current) &&
    !isOfTarget(current, change.target)
  );
}
