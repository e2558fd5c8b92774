import type { Instance, Observation } from "../../src/domain/observation.ts";
import { behaviourOf } from "./model-revisions.ts";

/** A revision as the model is asked to make it. */
export interface ModelTarget {
  readonly uid: string;
  readonly revisionId: string;
  readonly digest: string;
}

/** Thrown by the model in place of an operation. */
export class ModelFailure extends Error {
  readonly reason: "NOT_PREPARED" | "IMAGE_NOT_FOUND" | "NETWORK_ERROR";
  readonly retryable: boolean;

  constructor(reason: ModelFailure["reason"], retryable: boolean) {
    super(reason);
    this.reason = reason;
    this.retryable = retryable;
  }
}

/**
 * A perfect runtime for one workload, small enough to be read: a current and a kept instance, and what prepare made. Operations that have a
 * middle can be broken off there.
 */
export class ModelRuntime {
  current: Instance | undefined;
  kept: Instance | undefined;
  readonly prepared: Set<string> = new Set();
  /** The revision of every run, in order. */
  readonly runs: { readonly revisionId: string; readonly run: string }[] = [];
  /** The revisions of which a run has ended by itself. */
  readonly finished: Set<string> = new Set();
  /** What must never happen, in words. */
  readonly violations: string[] = [];
  #handles = 0;
  #changes = 0;

  observe(): Observation {
    const instances = [this.current, this.kept].filter((it) => it !== undefined);
    if (instances.length === 0) return { kind: "absent" };
    return { kind: "present", instances, glance: String(this.#changes) };
  }

  /** Whether nothing of the workload is left. */
  get isEmpty(): boolean {
    return this.current === undefined && this.kept === undefined && this.prepared.size === 0;
  }

  prepare(target: ModelTarget): void {
    const { prepareFails } = behaviourOf(target.revisionId);
    if (prepareFails === "final") throw new ModelFailure("IMAGE_NOT_FOUND", false);
    if (prepareFails === "transient") throw new ModelFailure("NETWORK_ERROR", true);
    this.prepared.add(target.digest);
  }

  start(target: ModelTarget, nowMs: number): void {
    this.#ready(target);
    if (this.current !== undefined && !isOf(this.current, target)) {
      this.violations.push(`start over an instance of ${this.current.revisionId}`);
      return;
    }
    this.#bringUp(target, nowMs);
  }

  /** @param isCutShort it ends between the stop of the old and the start of the new. */
  replace(target: ModelTarget, nowMs: number, isCutShort: boolean): void {
    this.#ready(target);
    if (this.current !== undefined && !isOf(this.current, target)) {
      this.current = ended(this.current, 0);
      if (this.kept === undefined) this.kept = { ...this.current, kept: true };
      this.current = undefined;
    } else if (this.current !== undefined && this.current.drift.length > 0) {
      this.current = undefined;
    }
    if (this.kept !== undefined) this.kept = ended(this.kept, 0);
    this.#changes += 1;
    if (!isCutShort) this.#bringUp(target, nowMs);
  }

  retire(keepDigests: readonly string[]): void {
    this.kept = undefined;
    for (const digest of this.prepared) {
      if (!keepDigests.includes(digest)) this.prepared.delete(digest);
    }
    this.#changes += 1;
  }

  /** @param isCutShort it ends between the end of the new and the start of the old. */
  restore(nowMs: number, isCutShort: boolean): void {
    if (this.kept === undefined) return;
    this.current = { ...this.kept, kept: false };
    this.kept = undefined;
    this.#changes += 1;
    if (!isCutShort && this.current.state !== "running") this.#run(this.current, nowMs);
  }

  stop(): void {
    if (this.current !== undefined) this.current = ended(this.current, 0);
    if (this.kept !== undefined) this.kept = ended(this.kept, 0);
    this.#changes += 1;
  }

  /** @param isCutShort it ends with the kept one still there. */
  remove(isCutShort: boolean): void {
    this.current = undefined;
    this.#changes += 1;
    if (isCutShort) return;
    this.kept = undefined;
    this.prepared.clear();
  }

  /** What happens behind the agent's back. Nothing where there is nothing it could happen to. */
  disturb(what: Disturbance, nowMs: number): void {
    this.#changes += 1;
    const { kept } = this;
    if (what === "remove" || what === "loseAll") this.current = undefined;
    if (what === "removeKept" || what === "loseAll") this.kept = undefined;
    if (what === "losePrepared" || what === "loseAll") this.prepared.clear();
    if (kept !== undefined && what === "startKept")
      this.kept = { ...kept, state: "running", run: this.#nextRun(), startedAtMs: nowMs };
    if (this.current !== undefined) this.current = disturbed(this.current, what);
  }

  /** What runs ends by itself once its time has come. */
  passTo(nowMs: number): void {
    const { current } = this;
    if (current?.state !== "running") return;
    const { ends } = behaviourOf(current.revisionId);
    if (ends === undefined || (current.startedAtMs ?? 0) + ends.afterMs > nowMs) return;
    this.current = ended(current, ends.code);
    this.finished.add(current.revisionId);
    this.#changes += 1;
  }

  #ready(target: ModelTarget): void {
    const { startFails } = behaviourOf(target.revisionId);
    if (startFails !== undefined) throw new ModelFailure(startFails, true);
    if (!this.prepared.has(target.digest)) throw new ModelFailure("NOT_PREPARED", true);
  }

  #bringUp(target: ModelTarget, nowMs: number): void {
    if (this.current?.state === "running") return;
    if (this.current?.state === "paused") {
      this.current = { ...this.current, state: "running" };
      return;
    }
    this.#handles += 1;
    this.#run(this.current ?? made(target, `model-${this.#handles}`), nowMs);
  }

  #run(instance: Instance, nowMs: number): void {
    if (this.kept?.state === "running") this.violations.push("two live instances");
    const { health } = behaviourOf(instance.revisionId);
    const { exit: _, ...rest } = instance;
    const run = this.#nextRun();
    this.current = {
      ...rest,
      state: "running",
      health: health ?? "none",
      run,
      startedAtMs: nowMs,
      drift: [],
    };
    this.runs.push({ revisionId: instance.revisionId, run });
    this.#changes += 1;
    this.passTo(nowMs);
  }

  #nextRun(): string {
    this.#handles += 1;
    return `run-${this.#handles}`;
  }
}

/** The ways in which the world disturbs the model. */
export const disturbances = [
  "kill",
  "killUnknown",
  "pause",
  "drift",
  "remove",
  "removeKept",
  "startKept",
  "losePrepared",
  "loseAll",
] as const;

/** One of {@link disturbances}. */
export type Disturbance = (typeof disturbances)[number];

function disturbed(instance: Instance, what: Disturbance): Instance {
  if (instance.state !== "running" && instance.state !== "paused") return instance;
  if (what === "kill") return ended(instance, 137);
  if (what === "killUnknown") return { ...ended(instance, 1), exit: { kind: "unknown" } };
  if (what === "pause") return { ...instance, state: "paused" };
  const isDrifting = what === "drift" && instance.state === "running";
  return isDrifting ? { ...instance, drift: ["memory limit"] } : instance;
}

function isOf(instance: Instance, target: ModelTarget): boolean {
  return (
    instance.uid === target.uid &&
    instance.revisionId === target.revisionId &&
    instance.specDigest === target.digest
  );
}

function made(target: ModelTarget, handle: string): Instance {
  return {
    handle,
    uid: target.uid,
    revisionId: target.revisionId,
    specDigest: target.digest,
    kept: false,
    state: "created",
    health: "none",
    drift: [],
    facts: {},
  };
}

function ended(instance: Instance, code: number): Instance {
  if (instance.state === "exited" || instance.state === "created") return instance;
  return { ...instance, state: "exited", health: "none", exit: { kind: "code", code } };
}
