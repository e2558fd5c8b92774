import type { Clock } from "@persys/core";

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
}

/** Where a {@link ManualClock} begins. */
export interface ManualClockOptions {
  /** The wall time at the start, Unix milliseconds. Default: 2026-01-01 00:00 UTC. */
  readonly wallMs?: number;
  /** Resolves when everything that is ready has run. Default: after one turn of the event loop. */
  readonly turn?: () => Promise<void>;
}

/** A loop that never comes to rest is a fault of what is tested: after so many turns `settle` says so. */
const turnsMax = 100_000;

/**
 * A clock that only moves when it is told to. Timers wake in the order in which they are due, those due together in the order in which they
 * were set, and what a timer set going comes to rest before the next one wakes. Work that takes real time, such as that of a store on disk,
 * is not waited for.
 */
export class ManualClock implements Clock {
  readonly #turn: () => Promise<void>;
  #nowMs = 0;
  #wallOffsetMs: number;
  #orders = 0;
  #yields = 0;
  /** A binary heap, the timer that is due first at its root. */
  readonly #timers: Timer[] = [];
  #cancelled = 0;

  constructor(options: ManualClockOptions = {}) {
    this.#wallOffsetMs = options.wallMs ?? Date.UTC(2026, 0, 1);
    this.#turn = options.turn ?? turn;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, wake: () => void): () => void {
    const timer: Timer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#orders++,
      wake,
      cancelled: false,
    };
    this.#push(timer);
    return () => {
      if (timer.cancelled) return;
      timer.cancelled = true;
      this.#cancelled += 1;
      this.#sweep();
    };
  }

  async yield(): Promise<void> {
    this.#yields += 1;
    await this.#turn();
    this.#yields -= 1;
  }

  /** Timers that are set and not cancelled: 0 once everything that used the clock has cleaned up. */
  get pendingTimers(): number {
    return this.#timers.length - this.#cancelled;
  }

  /** The monotonic time at which the next timer is due; undefined without one. */
  get nextDueMs(): number | undefined {
    this.#dropCancelledRoot();
    return this.#timers[0]?.dueMs;
  }

  /** Moves the wall clock alone, as an operator or NTP would: forward, or back when negative. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Lets everything that is ready to run come to rest, without moving the time. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < turnsMax; turns += 1) {
      await this.#turn();
      if (this.#yields === 0) return;
    }
    throw new Error(`nothing came to rest within ${turnsMax} turns`);
  }

  /** Moves the time on by `byMs`, waking every timer on the way at its own time. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await this.settle();
    while (await this.#wakeNext(endMs)) {
      // Each turn wakes one timer.
    }
    this.#nowMs = endMs;
    await this.settle();
  }

  /**
   * Moves the time on from timer to timer until `holds` returns true, and returns how far it moved. The time stops where the condition
   * first held.
   * @throws {Error} when it does not hold within `withinMs`, or no timer is left that could change anything.
   */
  async advanceUntil(holds: () => boolean, withinMs: number): Promise<number> {
    const startMs = this.#nowMs;
    await this.settle();
    while (!holds()) {
      if (!(await this.#wakeNext(startMs + withinMs))) {
        throw new Error(`the condition did not hold within ${withinMs} ms of manual time`);
      }
    }
    return this.#nowMs - startMs;
  }

  async #wakeNext(limitMs: number): Promise<boolean> {
    const dueMs = this.nextDueMs;
    if (dueMs === undefined || dueMs > limitMs) return false;
    const timer = this.#pop();
    this.#nowMs = Math.max(this.#nowMs, dueMs);
    if (timer !== undefined) {
      // So that cancelling it from now on counts for nothing.
      timer.cancelled = true;
      timer.wake();
    }
    await this.settle();
    return true;
  }

  #dropCancelledRoot(): void {
    while (this.#timers[0]?.cancelled === true) {
      this.#pop();
      this.#cancelled -= 1;
    }
  }

  /** Forgets the cancelled timers once they are the greater part, so that many short waits do not pile up. */
  #sweep(): void {
    if (this.#cancelled < 64 || this.#cancelled * 2 < this.#timers.length) return;
    const kept = this.#timers.filter((timer) => !timer.cancelled).toSorted(byDue);
    // A sorted array is a heap.
    this.#timers.splice(0, this.#timers.length, ...kept);
    this.#cancelled = 0;
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || byDue(parent, timer) <= 0) break;
      heap[at] = parent;
      heap[parentAt] = timer;
      at = parentAt;
    }
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const root = heap[0];
    const last = heap.pop();
    if (root === undefined || last === undefined || root === last) return root;
    let at = 0;
    heap[0] = last;
    for (;;) {
      const childAt = smallerChildAt(heap, at);
      const child = heap[childAt];
      if (child === undefined || byDue(last, child) <= 0) return root;
      heap[at] = child;
      heap[childAt] = last;
      at = childAt;
    }
  }
}

function smallerChildAt(heap: readonly Timer[], at: number): number {
  const left = heap[2 * at + 1];
  const right = heap[2 * at + 2];
  return left !== undefined && right !== undefined && byDue(right, left) < 0
    ? 2 * at + 2
    : 2 * at + 1;
}

function byDue(a: Timer, b: Timer): number {
  return a.dueMs - b.dueMs || a.order - b.order;
}

/** One turn of the event loop: every promise that is ready has run when it resolves. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
