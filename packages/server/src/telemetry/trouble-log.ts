import type { DiagLogger } from "@opentelemetry/api";
import type { Logger } from "@persys/core";

/** A receiver that is away is tried again every few seconds, which is not worth a line each time. */
const everyMs = 60_000;
const lengthMax = 300;

/** Logs what the SDK has to complain about, at most once in a minute. `nowMs` is a clock that never goes back. */
export function troubleLog(
  logger: Logger,
  nowMs: () => number = () => performance.now(),
): DiagLogger {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  const tell = (message: string, ...more: unknown[]): void => {
    if (nowMs() - toldAtMs < everyMs) {
      untold += 1;
      return;
    }
    const trouble = [message, ...more.map(textOf)].join(" ").slice(0, lengthMax);
    logger.warn("telemetry cannot be sent as it should", { trouble, untold });
    toldAtMs = nowMs();
    untold = 0;
  };
  return { error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} };
}

function textOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
