import { pause } from "../shared/wait.ts";
import type { DomainCalls } from "./domain-calls.ts";
import { domOf } from "./domain-marking.ts";
import type { SeenDomain } from "./seen-domain.ts";
import { type DomainSize, sizeIn } from "./domain-size.ts";
import { unreadableDescription } from "./libvirt-errors.ts";
import { domainModificationImpact, domainState } from "./rpc/index.ts";
import { parseXml } from "./xml.ts";

/** How long a guest may give back nothing of the memory that it is asked for, in milliseconds, before it is taken for one that gives none. */
const stuckAfterMs = 10_000;

/** How often it is looked at meanwhile, in milliseconds. */
const lookEveryMs = 100;

/** A guest gives memory back in its own pages: what is as near as this is there, in KiB. */
const nearKib = 1_024;

/** Gives running machines other numbers of processors, and other amounts of memory, as far as they were started with room for that. */
export class LiveChanges {
  readonly #calls: DomainCalls;
  readonly #stuckAfterMs: number;

  /** @param givesUpAfterMs how long a guest may give nothing back. Default 10,000. */
  constructor(calls: DomainCalls, givesUpAfterMs: number = stuckAfterMs) {
    this.#calls = calls;
    this.#stuckAfterMs = givesUpAfterMs;
  }

  /** Whether a machine runs that can have the size of its definition without being started anew. */
  isPossible({ definition, running, state }: SeenDomain): boolean {
    const isUp = state === domainState.running || state === domainState.blocked;
    const [wanted, now] = [definition.size, running?.size];
    if (!isUp || wanted === undefined || now === undefined) return false;
    return wanted.vcpus <= now.vcpusMax && wanted.memoryKib <= now.memoryMaxKib;
  }

  /**
   * Brings a running machine to the size of its definition; may be repeated. Processors are there, or gone, when this returns true;
   * memory as far as the guest gives it back: where it does not, and a start would make no difference to that, it is still asked for it.
   * @returns whether all has been done that can be without a start
   * @throws {LibvirtError} where the guest, or QEMU, does not take it: the machine runs on as far as it was brought
   */
  async apply(seen: SeenDomain, signal: AbortSignal): Promise<boolean> {
    if (!this.isPossible(seen)) return false;
    const wanted = seen.definition.size;
    const now = await this.#sizeOf(seen, signal);
    if (wanted === undefined || now === undefined) return false;
    const { id } = seen.ownership;
    const [dom, flags] = [domOf(seen), domainModificationImpact.live];
    if (wanted.vcpus !== now.vcpus) {
      const args = { dom, nvcpus: wanted.vcpus, flags };
      await this.#calls.call(id, "domainSetVcpusFlags", { args, signal });
    }
    // Whatever it has: nobody tells what it was asked for last, and has not come to yet.
    const args = { dom, memory: BigInt(wanted.memoryKib), flags };
    await this.#calls.call(id, "domainSetMemoryFlags", { args, signal });
    // The balloon is all that a start would limit it by as well: it is waited for no longer than one that gives nothing.
    const isLeftToIt = wanted.memoryMaxKib >= now.memoryMaxKib;
    return (await this.#hasFollowed(seen, { wanted, isLeftToIt }, signal)) || isLeftToIt;
  }

  /** Waits for as long as a guest comes nearer to its memory; one that takes and gives in turn does not. */
  async #hasFollowed(
    seen: SeenDomain,
    { wanted, isLeftToIt }: { readonly wanted: DomainSize; readonly isLeftToIt: boolean },
    signal: AbortSignal,
  ): Promise<boolean> {
    let nearestKib = Number.POSITIVE_INFINITY;
    let untilMs = performance.now() + this.#stuckAfterMs;
    for (;;) {
      const now = await this.#sizeOf(seen, signal);
      if (now === undefined) return false;
      const leftKib = Math.abs(wanted.memoryKib - now.memoryKib);
      if (leftKib <= nearKib) return true;
      if (leftKib < nearestKib - nearKib) {
        nearestKib = leftKib;
        if (!isLeftToIt) untilMs = performance.now() + this.#stuckAfterMs;
      }
      if (performance.now() >= untilMs) return false;
      await pause(lookEveryMs, signal);
    }
  }

  /** What it has now: libvirt writes down what the guest has told. */
  async #sizeOf(seen: SeenDomain, signal: AbortSignal): Promise<DomainSize | undefined> {
    const { id } = seen.ownership;
    const args = { dom: domOf(seen), flags: 0 };
    const { xml } = await this.#calls.call(id, "domainGetXmlDesc", { args, signal });
    const root = parseXml(xml);
    if (root === undefined) throw unreadableDescription(id);
    return sizeIn(root);
  }
}
