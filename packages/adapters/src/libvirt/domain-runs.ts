import { randomUUID } from "node:crypto";
import { AgentError } from "@persys/core";
import { hostBoot } from "../shared/boot-id.ts";
import { pause } from "../shared/wait.ts";
import { diskErrorsOf } from "./disk-errors.ts";
import type { DomainCalls } from "./domain-calls.ts";
import type { DomainEnds } from "./domain-ends.ts";
import { keptAfter } from "./domain-holding.ts";
import { type DomainMarking, domOf } from "./domain-marking.ts";
import { isOwnRun, type SeenDomain } from "./seen-domain.ts";
import type { HypervisorFlags } from "./hypervisor.ts";
import { isOtherState } from "./libvirt-errors.ts";
import { domainPausedReason, domainState } from "./rpc/index.ts";

/**
 * How long a machine that a failing disk had paused has to run before it is taken for well again, in milliseconds. QEMU makes the request that
 * failed again at once.
 */
const wellAfterMs = 1_000;

/** How often it is looked at meanwhile, in milliseconds. */
const lookEveryMs = 50;

/** What runs stand on. */
export interface DomainRunsContext {
  readonly calls: DomainCalls;
  readonly ends: DomainEnds;
  readonly marking: DomainMarking;
  readonly flags: HypervisorFlags;
}

/** Brings machines up. */
export class DomainRuns {
  readonly #calls: DomainCalls;
  readonly #ends: DomainEnds;
  readonly #marking: DomainMarking;
  readonly #flags: HypervisorFlags;

  constructor({ calls, ends, flags, marking }: DomainRunsContext) {
    this.#flags = flags;
    this.#calls = calls;
    this.#ends = ends;
    this.#marking = marking;
  }

  /**
   * Brings a machine up from wherever it is.
   * @throws {AgentError} STORAGE_ERROR where a disk fails that had paused it before: it stays paused, with all that is in its memory
   */
  async run(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const args = { dom: domOf(seen) };
    switch (seen.state) {
      case domainState.running:
      case domainState.blocked:
        await this.#noteRun(seen, signal);
        return;
      case domainState.paused:
        await this.#calls.call(id, "domainResume", { args, signal });
        if (seen.reason === domainPausedReason.ioerror) await this.#assertWell(seen, signal);
        return;
      case domainState.pmsuspended:
        await this.#calls.call(id, "domainPmWakeup", { args: { ...args, flags: 0 }, signal });
        return;
      // Its QEMU may be there still.
      case domainState.shutdown:
      case domainState.crashed:
        await this.#ends.end(seen, { graceMs: 0 }, signal);
        break;
      default:
    }
    await this.#begin(seen, signal);
  }

  /** Writes down that a run begins before it does, and libvirt's number of it after: in between it is known by there being none. */
  async #begin(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { ownership } = seen;
    const { current, id } = ownership;
    if (current === undefined) return;
    // An older agent wrote down no more than that none has begun.
    const isNew = current.isNew || current.run === undefined;
    const named = { run: randomUUID(), startedAtMs: Date.now(), boot: hostBoot() };
    const began = { ...current, ...named, domainId: undefined, isNew };
    // With this what is defined has taken effect.
    const whole = { ...ownership, current: began, kept: keptAfter(ownership), former: undefined };
    await this.#marking.mark(domOf(seen), whole, signal);
    try {
      const args = { dom: domOf(seen), flags: isNew ? this.#flags.startAnew : 0 };
      const { dom } = await this.#calls.call(id, "domainCreateWithFlags", { args, signal });
      // A first start may complete the definition: with the file of its firmware's variables, say.
      const config = await this.#marking.configOf(id, dom, signal);
      const known = { ...whole, current: { ...began, config, domainId: dom.id, isNew: false } };
      await this.#marking.mark(dom, known, signal);
    } catch (error) {
      // Somebody else was faster, or it cannot be started as things are: libvirt says the same of both.
      if (!isOtherState(error) || (await this.#ends.isDown(seen, signal))) throw error;
    }
  }

  /** Writes down the number of a run of ours that was kept from being written down when it began. */
  async #noteRun(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { current } = seen.ownership;
    if (current === undefined || current.domainId !== undefined || !seen.isPersistent) return;
    if (!isOwnRun(seen, current)) return;
    const known = {
      ...seen.ownership,
      current: { ...current, domainId: seen.domainId, isNew: false },
    };
    await this.#marking.mark(domOf(seen), known, signal);
  }

  async #assertWell(seen: SeenDomain, signal: AbortSignal): Promise<void> {
    const { id } = seen.ownership;
    const dom = domOf(seen);
    const wellAtMs = performance.now() + wellAfterMs;
    while (performance.now() < wellAtMs) {
      await pause(lookEveryMs, signal);
      const args = { dom, flags: 0 };
      const { state, reason } = await this.#calls.call(id, "domainGetState", { args, signal });
      if (state !== domainState.paused || reason !== domainPausedReason.ioerror) continue;
      const failing = await diskErrorsOf(this.#calls, { id, dom }, signal);
      throw new AgentError(
        "STORAGE_ERROR",
        `a disk of the machine fails${failing === "" ? "" : ` (${failing})`}; the machine is paused until it does not`,
        { retryable: true },
      );
    }
  }
}
