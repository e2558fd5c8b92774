import { setTimeout as delay } from "node:timers/promises";

/** Resolves once `condition` holds; fails after `withinMs`. */
export async function eventually(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const untilMs = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await delay(10);
  }
}
