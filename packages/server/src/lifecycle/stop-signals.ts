import type { EventEmitter } from "node:events";

/** Who is told of signals. */
interface StopListener {
  /** The first SIGTERM or SIGINT. */
  onStop(signal: NodeJS.Signals): void;
  /** A later one: whoever sends it does not want to wait any more. */
  onForce(signal: NodeJS.Signals): void;
}

/**
 * A signal that comes again this soon is the same wish: on Ctrl-C the terminal signals the whole group, and npm hands its own on to us.
 */
const echoMs = 1_000;

/** How signals are listened for. */
export interface SignalOptions {
  /** The process, or what stands for it in a test. */
  readonly source: Pick<EventEmitter, "on" | "off">;
  readonly listener: StopListener;
  /**
   * Whether a terminal that is closed (SIGHUP) ends the agent, as it does for a program that somebody runs to try something. Otherwise it is
   * ignored: no node should lose its agent by that.
   */
  readonly hangUpStops: boolean;
  /** A clock that never goes back. Default: that of the process. */
  readonly nowMs?: () => number;
}

/** Listens for the signals that end the agent. @returns a function that ends the listening. */
export function listenForStop(options: SignalOptions): () => void {
  const { source, listener, hangUpStops, nowMs = () => performance.now() } = options;
  let firstAtMs: number | undefined;
  const heard = (signal: NodeJS.Signals): void => {
    if (firstAtMs === undefined) {
      firstAtMs = nowMs();
      listener.onStop(signal);
    } else if (nowMs() - firstAtMs >= echoMs) {
      listener.onForce(signal);
    }
  };
  const hungUp = hangUpStops ? heard : (): void => {};
  source.on("SIGTERM", heard);
  source.on("SIGINT", heard);
  source.on("SIGHUP", hungUp);
  return () => {
    source.off("SIGTERM", heard);
    source.off("SIGINT", heard);
    source.off("SIGHUP", hungUp);
  };
}
