import { type Clock, createEngine, type Engine, type Random } from "@persys/core";
import { type PortTap, tapRuntime, tapStore } from "../port-tap.ts";
import type { CrashWorld, Mortal } from "./crash-world.ts";

/** One agent: the real engine on a world, with a tap on its ports, that can be killed at any moment. */
export class MortalAgent {
  readonly engine: Engine;
  readonly #parts: readonly Mortal<unknown>[];
  #isDead = false;

  /** `tap` is awaited at each boundary while the agent lives. */
  constructor(world: CrashWorld, random: Random, tap: PortTap) {
    const runtime = world.newRuntime();
    const store = world.newStore();
    const clock = mortalClock(world.clock);
    this.#parts = [runtime, store, clock];
    const living: PortTap = async (call, moment) => {
      if (!this.#isDead) await tap(call, moment);
      if (this.#isDead) await new Promise(() => {});
    };
    this.engine = createEngine({
      nodeId: "node-1",
      version: "crash-matrix",
      runtimes: [tapRuntime(runtime.port, living)],
      store: tapStore(store.port, living),
      clock: clock.port,
      random,
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Kills it: nothing it has under way has any more effect, and nothing it waits for comes. */
  die(): void {
    this.#isDead = true;
    for (const part of this.#parts) part.die();
  }
}

/** A clock whose timers die with the agent that set them. */
function mortalClock(clock: Clock): Mortal<Clock> {
  const cancels = new Set<() => void>();
  let isDead = false;
  const port: Clock = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    yield: () => clock.yield(),
    schedule: (delayMs, wake) => {
      if (isDead) return () => {};
      const stop = clock.schedule(delayMs, () => {
        cancels.delete(stop);
        wake();
      });
      cancels.add(stop);
      return () => {
        cancels.delete(stop);
        stop();
      };
    },
  };
  const die = (): void => {
    isDead = true;
    for (const cancel of cancels) cancel();
    cancels.clear();
  };
  return { port, die };
}
