import { HintWaits, type OnHint } from "./hint-waits.ts";
import type { ContainerReport } from "./docker-reports.ts";

/** The exit code of a program that was killed: 128 and the number of SIGKILL. */
const killedCode = 137;
/** How long an event may be behind the end it explains, in milliseconds. */
const eventDelayMs = 100;
/** An end that is older than this will not be explained any more. */
const freshEndMs = 2_000;
/** Containers of which it is remembered; the oldest are forgotten first. */
const rememberedMax = 1_000;

/**
 * Which containers were killed for want of memory, as events tell. An inspection tells too, but an engine notes it there only when it hears of
 * the want before the end, and on a busy host it often hears of the end first.
 */
export class MemoryShortages {
  readonly #toldAtMs = new Map<string, number>();

  /** Notes what an event tells; the time is the engine's, Unix milliseconds. */
  note(containerId: string, atMs: number): void {
    this.#toldAtMs.delete(containerId);
    this.#toldAtMs.set(containerId, atMs);
    for (const oldest of this.#toldAtMs.keys()) {
      if (this.#toldAtMs.size <= rememberedMax) return;
      this.#toldAtMs.delete(oldest);
    }
  }

  /**
   * Whether the container's last run ended for want of memory. Waits a moment for the event where one may be on its way: the program was
   * killed just now and had a limit. `onHint`: how to be told of events of its workload; undefined where none are read.
   * @throws the signal's reason when it aborts.
   */
  async hasEnded(
    report: ContainerReport,
    onHint: OnHint | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { State } = report;
    if (State.Running && !State.Restarting) return false;
    if (State.OOMKilled || (State.ExitCode === killedCode && this.#isTold(report))) return true;
    if (onHint === undefined || !mayBeUntold(report)) return false;
    const waits = new HintWaits(onHint, eventDelayMs, signal);
    const giveUpAtMs = performance.now() + eventDelayMs;
    try {
      while (performance.now() < giveUpAtMs && !this.#isTold(report)) await waits.wait();
    } finally {
      waits.close();
    }
    return this.#isTold(report);
  }

  #isTold({ Id, State }: ContainerReport): boolean {
    const toldAtMs = this.#toldAtMs.get(Id);
    return toldAtMs !== undefined && toldAtMs >= Date.parse(State.StartedAt);
  }
}

function mayBeUntold({ State, HostConfig }: ContainerReport): boolean {
  if (State.ExitCode !== killedCode || !HostConfig.Memory) return false;
  return Date.now() - Date.parse(State.FinishedAt) < freshEndMs;
}
