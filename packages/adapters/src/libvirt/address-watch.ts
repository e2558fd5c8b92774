import type { Logger, WorkloadId } from "@persys/core";
import { pause } from "../shared/wait.ts";
import type { DomainAddresses } from "./domain-addresses.ts";
import { isDown, type SeenDomain } from "./domain-observation.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import type { Domain } from "./rpc/index.ts";

/** What is watched. */
export interface AddressWatchContext {
  readonly addresses: DomainAddresses;
  readonly domains: OwnedDomains;
  readonly logger: Logger;
}

/**
 * How often it is looked, in milliseconds: `soon` while a machine that has come up lately has no address, `later` while one that has been up for
 * longer has none, else `seldom`, for leases that change.
 */
const lookEveryMs = { soon: 400, later: 5_000, seldom: 30_000 } as const;

/** How long a machine may take to be given an address before that is taken for what will stay, in milliseconds. */
const soonForMs = 180_000;

/** So many agents in guests that have appeared wait to be asked; those beyond are asked by nobody. */
const agentsMax = 1_024;

/**
 * Tells of addresses that have changed, as long as somebody wants to know. libvirt has no events for that, so the leases of each network are asked
 * for: often only while there is a machine that waits for one. No machine is asked by itself, but for an agent in it that has just appeared.
 */
export class AddressWatch {
  readonly #context: AddressWatchContext;
  readonly #listeners = new Set<(id: WorkloadId) => void>();
  readonly #agents = new Map<string, Domain>();
  #running: AbortController | undefined;
  #seen: ReadonlyMap<WorkloadId, SeenDomain> = new Map();
  #isNudged = true;
  #nudgedAtMs = 0;
  #wake: AbortController | undefined;

  constructor(context: AddressWatchContext) {
    this.#context = context;
  }

  /** Whether addresses are kept up to date. */
  get isWatching(): boolean {
    return this.#running !== undefined;
  }

  /** Calls `listener` with the workload of each machine whose addresses have changed. Returns what ends that. */
  watch(listener: (id: WorkloadId) => void): () => void {
    this.#listeners.add(listener);
    if (this.#running === undefined) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
    };
  }

  /** Machines may have come up, or gone. */
  nudge(): void {
    this.#isNudged = true;
    this.#nudgedAtMs = performance.now();
    this.#wake?.abort();
  }

  /** The agent in a guest has appeared. */
  hasAgent(dom: Domain): void {
    if (this.#agents.size < agentsMax) this.#agents.set(dom.uuid, dom);
    this.#wake?.abort();
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let delayMs: number = lookEveryMs.later;
      try {
        await this.#look(signal);
        delayMs = this.#delayMs();
      } catch (error) {
        // Whoever looks at the machines finds that out as well.
        if (!signal.aborted) this.#context.logger.debug("addresses cannot be found", { error });
      }
      await this.#rest(delayMs, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { addresses, domains } = this.#context;
    if (this.#isNudged) {
      this.#isNudged = false;
      this.#seen = await domains.all(signal);
    }
    const before = this.#addressesNow();
    await addresses.refresh(this.#seen, signal);
    await this.#askAgents(signal);
    const after = this.#addressesNow();
    for (const [id, text] of after) {
      if (before.get(id) === text) continue;
      for (const listener of this.#listeners) listener(id);
    }
  }

  async #askAgents(signal: AbortSignal): Promise<void> {
    const waiting = [...this.#agents.values()];
    this.#agents.clear();
    const ours = new Set([...this.#seen.values()].map((it) => it.uuid));
    await Promise.all(
      waiting
        .filter((it) => ours.has(it.uuid))
        .map((it) => this.#context.addresses.ask(it, signal)),
    );
  }

  #addressesNow(): ReadonlyMap<WorkloadId, string> {
    const { addresses } = this.#context;
    return new Map([...this.#seen].map(([id, it]) => [id, addresses.addressesOf(it).join()]));
  }

  #delayMs(): number {
    const lacks = [...this.#seen.values()].some(
      (it) =>
        !isDown(it) &&
        it.definition.interfaces.length > 0 &&
        this.#context.addresses.addressesOf(it).length === 0,
    );
    if (!lacks) return lookEveryMs.seldom;
    const isSoon = performance.now() - this.#nudgedAtMs < soonForMs;
    return isSoon ? lookEveryMs.soon : lookEveryMs.later;
  }

  /** Until the time is over, or there is something new. */
  async #rest(delayMs: number, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    this.#wake = wake;
    if (this.#isNudged) wake.abort();
    try {
      await pause(delayMs, AbortSignal.any([signal, wake.signal]));
    } catch {
      // Either signal means to go on.
    } finally {
      this.#wake = undefined;
    }
  }
}
