import { AgentError } from "@persys/core";
import { pause } from "../shared/wait.ts";
import type { DomainCalls } from "./domain-calls.ts";
import { domOf } from "./domain-marking.ts";
import type { SeenDomain } from "./seen-domain.ts";
import type { HypervisorFlags } from "./hypervisor.ts";
import { isMissingDomain, isOtherState } from "./libvirt-errors.ts";
import { domainPausedReason, domainState } from "./rpc/index.ts";

/** How often it is looked whether a guest has shut down, in milliseconds: longer each time. */
const lookEveryMs = { first: 20, most: 500 } as const;

/** A guest that is still on its way up does not see the button: it is pressed again after so long, in milliseconds. */
const pressAgainMs = 3_000;

/** How a machine is ended. */
interface EndOptions {
  /** How long the guest may take to shut down before it is forced, in milliseconds. */
  readonly graceMs: number;
  /** Whether one that a failing disk has paused is forced too, with all in its memory that is on no disk yet: where somebody has asked for its end. */
  readonly losesWrites?: boolean;
}

/** Ends machines, and removes them. What has ended by itself meanwhile, or is gone, is as it is wanted. */
export class DomainEnds {
  readonly #calls: DomainCalls;
  readonly #flags: HypervisorFlags;

  constructor(calls: DomainCalls, flags: HypervisorFlags) {
    this.#calls = calls;
    this.#flags = flags;
  }

  /**
   * Asks the guest to shut down until it has, or the grace is over; then forces it. What is down is left.
   * @throws {AgentError} STORAGE_ERROR where a failing disk has paused it meanwhile, and what it has yet to write is not to be lost: it stays paused
   */
  async end(
    seen: SeenDomain,
    { graceMs, losesWrites = false }: EndOptions,
    signal: AbortSignal,
  ): Promise<void> {
    if (await this.isDown(seen, signal)) return;
    const forceAtMs = performance.now() + graceMs;
    let pressAtMs = 0;
    for (let everyMs: number = lookEveryMs.first; performance.now() < forceAtMs; everyMs *= 1.5) {
      if (performance.now() >= pressAtMs) {
        await this.#press(seen, signal);
        pressAtMs = performance.now() + pressAgainMs;
      }
      const leftMs = Math.max(0, forceAtMs - performance.now());
      await pause(Math.min(everyMs, lookEveryMs.most, leftMs), signal);
      if (await this.isDown(seen, signal)) return;
    }
    if (!losesWrites) await this.#assertWritten(seen, signal);
    await this.#destroy(seen, signal);
  }

  /** Removes the definition, with what libvirt keeps for it. What is not defined, or gone, is as it is wanted. */
  async undefine(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const dom = domOf(seen);
    try {
      const args = { dom, flags: this.#flags.undefine };
      await this.#calls.call(id, "domainUndefineFlags", { args, signal });
    } catch (error) {
      if (isMissingDomain(error)) return;
      if (!isOtherState(error) || (await this.#isDefined(seen, signal))) throw error;
    }
  }

  /** A guest that is paused or asleep could not hear it. */
  async #press(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const dom = domOf(seen);
    await unlessEnded(async () => {
      if (seen.state === domainState.paused)
        await this.#calls.call(id, "domainResume", { args: { dom }, signal });
      if (seen.state === domainState.pmsuspended)
        await this.#calls.call(id, "domainPmWakeup", { args: { dom, flags: 0 }, signal });
    });
    await unlessEnded(async () => {
      const args = { dom, flags: this.#flags.shutdown };
      await this.#calls.call(id, "domainShutdownFlags", { args, signal });
    });
  }

  async #assertWritten(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const args = { dom: domOf(seen), flags: 0 };
    const { id } = seen.ownership;
    const { state, reason } = await this.#calls.call(id, "domainGetState", { args, signal });
    if (state !== domainState.paused || reason !== domainPausedReason.ioerror) return;
    throw new AgentError(
      "STORAGE_ERROR",
      "a disk of the machine fails, which has paused it while it was to shut down: it is not forced, since what it has yet to write would be lost",
      { retryable: true },
    );
  }

  async #destroy(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    try {
      const args = { dom: domOf(seen), flags: 0 };
      await this.#calls.call(seen.ownership.id, "domainDestroyFlags", { args, signal });
    } catch (error) {
      if (!(await this.isDown(seen, signal))) throw error;
    }
  }

  async #isDefined(seen: SeenDomain, signal: AbortSignal): Promise<boolean> {
    const { id } = seen.ownership;
    try {
      const args = { dom: domOf(seen) };
      const { persistent } = await this.#calls.call(id, "domainIsPersistent", { args, signal });
      return persistent === 1;
    } catch (error) {
      if (isMissingDomain(error)) return false;
      throw error;
    }
  }

  /** Whether a machine neither runs nor holds the memory of a run, now. */
  async isDown(seen: SeenDomain, signal: AbortSignal): Promise<boolean> {
    let isActive = false;
    await unlessEnded(async () => {
      const args = { dom: domOf(seen) };
      const { active } = await this.#calls.call(seen.ownership.id, "domainIsActive", {
        args,
        signal,
      });
      isActive = active === 1;
    });
    return !isActive;
  }
}

async function unlessEnded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isMissingDomain(error) && !isOtherState(error)) throw error;
  }
}
