import { EventEmitter, on } from "node:events";
import {
  type Demands,
  type Instance,
  isLive,
  type Json,
  type Observation,
  type Parsed,
  type ParsedSpec,
  restartPolicy,
  type RuntimeEvent,
  type RuntimeHealth,
  type Target,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";

/** Says `message` every `everyMs`, for ever or `times` times, after which it exits with `exitCode` or 0. */
type TickerSpec = { everyMs: number; message: string; times?: number; exitCode?: number };

type Rule = readonly [rule: string, holds: (it: unknown) => boolean];

/** A map and not an object: every object would also have a rule for `constructor`. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["everyMs", ["must be a number of at least 10", (it) => typeof it === "number" && it >= 10]],
  ["message", ["must be a text", (it) => typeof it === "string"]],
  ["exitCode", ["must be a number", (it) => it === undefined || typeof it === "number"]],
  [
    "times",
    ["must be at least 1", (it) => it === undefined || (typeof it === "number" && it >= 1)],
  ],
]);

type Ticker = {
  readonly target: Target;
  readonly instance: Instance;
  readonly timer?: NodeJS.Timeout;
};

/** Whether a ticker is that of this revision, in this creation of the workload. */
function isOf({ instance }: Ticker, { uid, revisionId }: Target): boolean {
  return instance.uid === uid && instance.revisionId === revisionId;
}

/**
 * A custom runtime: workloads that are timers in this process. A ticker is healthy from its first tick on.
 * There is nothing to prepare, and nothing outlives the process: after a restart the engine finds every ticker absent and starts it anew.
 */
export class TickerRuntime implements WorkloadRuntime {
  readonly type = "ticker";
  readonly capabilities = { events: true, logs: false, usage: false } as const;
  readonly #say: (line: string) => void;
  readonly #current = new Map<WorkloadId, Ticker>();
  readonly #kept = new Map<WorkloadId, Ticker>();
  readonly #changes = new EventEmitter<{ changed: [RuntimeEvent] }>();
  #runs = 0;

  /** `say` receives what the tickers say. */
  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
    if (!isObject) return { ok: false, violations: [{ path: [], rule: "must be an object" }] };
    const spec: Readonly<Record<string, unknown>> = { ...input };
    const violations = [...new Set([...rules.keys(), ...Object.keys(spec)])].flatMap((key) => {
      const [rule, holds] = rules.get(key) ?? ["is not a field of a ticker", () => false];
      return holds(spec[key]) ? [] : [{ path: [key], rule }];
    });
    if (violations.length > 0) return { ok: false, violations };
    const restart = restartPolicy("times" in spec ? "on-failure" : "always", 0);
    return { ok: true, value: { spec: spec as Json, restart, stopGraceMs: 0, labels: {} } };
  }

  redactSpec = (spec: Json): Json => spec;

  demands = async (): Promise<Demands> => ({
    cpuMillicores: 0,
    memoryBytes: 0,
    hostPaths: [],
    user: "",
  });

  probe = async (): Promise<RuntimeHealth> => ({ healthy: true, version: "1" });

  async list(): Promise<ReadonlyMap<WorkloadId, string>> {
    const ids = [...this.#current.keys(), ...this.#kept.keys()];
    return new Map(ids.map((id) => [id, this.#glance(id)]));
  }

  async observe(id: WorkloadId): Promise<Observation> {
    const tickers = [this.#current.get(id), this.#kept.get(id)].filter((it) => it !== undefined);
    const instances = tickers.map(({ instance }) => instance);
    return instances.length === 0
      ? { kind: "absent" }
      : { kind: "present", instances, glance: this.#glance(id) };
  }

  async prepare(_target: Target, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  async start(target: Target, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const before = this.#current.get(target.id);
    if (before !== undefined && !isOf(before, target)) this.#replace(target);
    else if (before === undefined || !isLive(before.instance)) this.#start(target);
  }

  async replace(target: Target, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#replace(target);
  }

  async retire(id: WorkloadId, _keep: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#kept.delete(id)) this.#changes.emit("changed", { id, what: "retired" });
  }

  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#remove(id);
    this.#current.set(id, { ...kept, instance: { ...kept.instance, kept: false } });
    this.#start(kept.target);
  }

  async stop(id: WorkloadId, _graceMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#end(id, 143);
  }

  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#remove(id);
  }

  async *events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    try {
      for await (const [event] of on(this.#changes, "changed", { signal })) yield event;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #start(target: Target): void {
    const { id, uid, revisionId, specDigest } = target;
    const { everyMs, message, times, exitCode = 0 } = target.spec as TickerSpec;
    this.#runs += 1;
    const marks = { uid, revisionId, specDigest, kept: false, drift: [], facts: {} };
    const before = this.#current.get(id)?.instance.handle;
    const run = { handle: before ?? `ticker-${this.#runs}`, run: `run-${this.#runs}` };
    const since = { state: "running", startedAtMs: Date.now() } as const;
    const instance: Instance = { ...marks, ...run, ...since, health: "starting" };
    let ticks = 0;
    const timer = setInterval(() => {
      this.#say(`${id}: ${message}`);
      ticks += 1;
      if (ticks === 1) this.#set({ target, timer, instance: { ...instance, health: "healthy" } });
      if (ticks === times) this.#end(id, exitCode);
    }, everyMs);
    this.#set({ target, timer, instance });
  }

  #replace(target: Target): void {
    const current = this.#current.get(target.id);
    if (current !== undefined && !isOf(current, target)) {
      const ended = this.#end(target.id, 143) ?? current;
      this.#current.delete(target.id);
      if (!this.#kept.has(target.id)) {
        this.#kept.set(target.id, { ...ended, instance: { ...ended.instance, kept: true } });
      }
    }
    const left = this.#current.get(target.id);
    if (left === undefined || !isLive(left.instance)) this.#start(target);
  }

  #remove(id: WorkloadId): void {
    this.#end(id, 143);
    this.#current.delete(id);
    this.#kept.delete(id);
    this.#changes.emit("changed", { id, what: "removed" });
  }

  #end(id: WorkloadId, code: number): Ticker | undefined {
    const ticker = this.#current.get(id);
    if (ticker === undefined || !isLive(ticker.instance)) return undefined;
    clearInterval(ticker.timer);
    const exit = { kind: "code", code, endedAtMs: Date.now() } as const;
    const instance: Instance = { ...ticker.instance, state: "exited", health: "none", exit };
    return this.#set({ target: ticker.target, instance });
  }

  #set(ticker: Ticker): Ticker {
    this.#current.set(ticker.target.id, ticker);
    this.#changes.emit("changed", { id: ticker.target.id, what: ticker.instance.state });
    return ticker;
  }

  #glance(id: WorkloadId): string {
    const both = [this.#current.get(id)?.instance, this.#kept.get(id)?.instance];
    return both.map((it) => `${it?.run} ${it?.state} ${it?.health}`).join(", ");
  }
}
