import type { Logger, WorkloadId } from "@persys/core";
import { pause } from "../shared/wait.ts";
import type { DomainAddresses } from "./domain-addresses.ts";
import { isDown, type SeenDomain } from "./seen-domain.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import type { Domain } from "./rpc/index.ts";

/** What is watched. */
export interface AddressWatchContext {
  readonly addresses: Pick<DomainAddresses, "addressesOf" | "ask" | "refresh">;
  readonly domains: Pick<OwnedDomains, "all">;
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

/** A guest that has no address is asked again after so long, in milliseconds: its agent mostly comes up before its network does. */
const askAgainMs = { soon: 5_000, later: 30_000 } as const;

/**
 * Tells of addresses that have changed, as long as somebody wants to know. libvirt has no events for that, so the leases of each network are asked
 * for: often only while there is a machine that waits for one. No machine is asked by itself, but for an agent in it that has just appeared, and
 * in those that nobody else knows an address of.
 */
export class AddressWatch {
  readonly #context: AddressWatchContext;
  readonly #listeners = new Set<(id: WorkloadId) => void>();
  readonly #agents = new Map<string, Domain>();
  #running: AbortController | undefined;
  readonly #askedAtMs = new Map<string, number>();
  #seen: ReadonlyMap<WorkloadId, SeenDomain> = new Map();
  #told: ReadonlyMap<WorkloadId, string> = new Map();
  #hasAnswer = false;
  #nudges = 1;
  #nudgesTried = 0;
  #nudgesSeen = 0;
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
    this.#nudges += 1;
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
      try {
        await this.#look(signal);
        // Nothing comes between a look's end and this: agents that have appeared by now have been asked.
        await this.#rest(this.#delayMs(), { hasNews: this.#hasNews(), signal });
      } catch (error) {
        if (signal.aborted) return;
        // Whoever looks at the machines finds that out as well.
        this.#context.logger.debug("addresses cannot be found", { error });
        // What this look was for is still to be found; only what comes from now on makes it any better sooner.
        await this.#rest(lookEveryMs.later, { hasNews: this.#hasNewNudge(), signal });
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { addresses, domains } = this.#context;
    const nudges = this.#nudges;
    this.#nudgesTried = nudges;
    if (nudges !== this.#nudgesSeen) {
      this.#seen = await domains.all(signal);
      this.#nudgesSeen = nudges;
    }
    await addresses.refresh(this.#seen, signal);
    const before = this.#told;
    this.#told = this.#addressesNow();
    this.#askAgents(signal);
    for (const [id, text] of this.#told) {
      if ((before.get(id) ?? "") === text) continue;
      for (const listener of this.#listeners) listener(id);
    }
  }

  /** Nothing waits for the answers: a guest may take its time. */
  #askAgents(signal: AbortSignal): void {
    const now = performance.now();
    const up = [...this.#seen.values()].filter((it) => !isDown(it));
    const uuids = new Set(up.map((it) => it.uuid));
    for (const uuid of this.#askedAtMs.keys()) if (!uuids.has(uuid)) this.#askedAtMs.delete(uuid);
    const everyMs = this.#isSoon() ? askAgainMs.soon : askAgainMs.later;
    const lacking = up.filter(
      (it) =>
        this.#lacksAddress(it) &&
        now - (this.#askedAtMs.get(it.uuid) ?? Number.NEGATIVE_INFINITY) >= everyMs,
    );
    const appeared = [...this.#agents.values()].filter((it) => uuids.has(it.uuid));
    this.#agents.clear();
    const asked = new Map([...lacking.map(domainOf), ...appeared].map((it) => [it.uuid, it]));
    for (const dom of asked.values()) {
      this.#askedAtMs.set(dom.uuid, now);
      void this.#ask(dom, signal);
    }
  }

  async #ask(dom: Domain, signal: AbortSignal): Promise<void> {
    try {
      if (!(await this.#context.addresses.ask(dom, signal))) return;
      this.#hasAnswer = true;
      this.#wake?.abort();
    } catch (error) {
      if (!signal.aborted) this.#context.logger.debug("a guest cannot be asked", { error });
    }
  }

  #addressesNow(): ReadonlyMap<WorkloadId, string> {
    const { addresses } = this.#context;
    return new Map([...this.#seen].map(([id, it]) => [id, addresses.addressesOf(it).join()]));
  }

  #lacksAddress(domain: SeenDomain): boolean {
    if (isDown(domain) || domain.definition.interfaces.length === 0) return false;
    return this.#context.addresses.addressesOf(domain).length === 0;
  }

  #isSoon(): boolean {
    return performance.now() - this.#nudgedAtMs < soonForMs;
  }

  #delayMs(): number {
    const lacks = [...this.#seen.values()].some((it) => this.#lacksAddress(it));
    if (!lacks) return lookEveryMs.seldom;
    return this.#isSoon() ? lookEveryMs.soon : lookEveryMs.later;
  }

  #hasNews(): boolean {
    const hasAnswer = this.#hasAnswer;
    this.#hasAnswer = false;
    return hasAnswer || this.#hasNewNudge();
  }

  /** Whether one has come since the last look began. */
  #hasNewNudge(): boolean {
    return this.#nudges !== this.#nudgesTried;
  }

  /** Until the time is over, or there is something new. */
  async #rest(
    delayMs: number,
    { hasNews, signal }: { readonly hasNews: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    if (hasNews) return;
    const wake = new AbortController();
    this.#wake = wake;
    try {
      await pause(delayMs, AbortSignal.any([signal, wake.signal]));
    } catch {
      // Either signal means to go on.
    } finally {
      this.#wake = undefined;
    }
  }
}

function domainOf({ name, uuid, domainId: id }: SeenDomain): Domain {
  return { name, uuid, id };
}
