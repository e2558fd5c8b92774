import type { WorkloadId } from "@persys/core";
import { type DomainDefinition, parseDefinition } from "./domain-definition.ts";
import type { DomainOwnership } from "./domain-ownership.ts";
import type { SeenDomain } from "./seen-domain.ts";
import { unreadableDescription } from "./libvirt-errors.ts";
import { machineUuid } from "./machine-names.ts";
import {
  connectListAllDomainsFlags,
  type Domain,
  type DomainStatsRecord,
  domainStatsTypes,
  domainXmlFlags,
  type LibvirtConnection,
  LibvirtError,
  type LibvirtEvent,
  parametersOf,
} from "./rpc/index.ts";

/** A definition of ours as it was when it was read. */
interface KnownDefinition extends DomainDefinition {
  readonly ownership: DomainOwnership;
  readonly isPersistent: boolean;
  readonly running: DomainDefinition | undefined;
}

/** Undefined as a definition: the domain is none of ours. */
interface Known {
  readonly definition: KnownDefinition | undefined;
  /** libvirt's number for the run that it was read in. */
  readonly domainId: number;
  readonly validUntilMs: number;
}

/** The domains that libvirt starts by itself, by UUID. */
interface Autostarts {
  readonly uuids: ReadonlySet<string>;
  readonly validUntilMs: number;
}

/** Definitions that are read at once. */
const readsAtOnce = 8;

/** libvirt tells no event of some changes, such as another number of processors of what runs: all is read again after so long, in milliseconds. */
const validMs = 300_000;

/**
 * The domains of this node: the states of all by one call, the definition of each, our marks with it, only where it may have changed.
 *
 * Definitions are remembered as long as somebody follows the events of libvirt, which tell of every change of one; what is read while nobody
 * does is forgotten at once.
 */
export class OwnedDomains {
  readonly #connection: Pick<LibvirtConnection, "call">;
  readonly #nodeId: string;
  readonly #validMs: number;
  readonly #known = new Map<string, Known>();
  readonly #changedDuring = new Set<Set<string>>();
  #autostarts: Autostarts | undefined;
  #followers = 0;

  /** @param validForMs how long a definition is remembered at most. Default 300,000. */
  constructor(
    connection: Pick<LibvirtConnection, "call">,
    nodeId: string,
    validForMs: number = validMs,
  ) {
    this.#connection = connection;
    this.#nodeId = nodeId;
    this.#validMs = validForMs;
  }

  /**
   * All of this node's domains, by workload.
   *
   * @param isExact whether that libvirt starts one by itself is asked, too, whenever that was asked last: no event tells of it
   * @throws {LibvirtError} {LibvirtConnectionError} the signal's reason
   */
  async all(signal: AbortSignal, isExact = false): Promise<ReadonlyMap<WorkloadId, SeenDomain>> {
    const [{ retStats }, autostarted] = await Promise.all([
      this.#connection.call(
        "connectGetAllDomainStats",
        { doms: [], stats: domainStatsTypes.state, flags: 0 },
        { signal },
      ),
      this.#autostarted(signal, isExact),
    ]);
    const changed = new Set<string>();
    this.#changedDuring.add(changed);
    try {
      const queue = retStats.values();
      const seen: SeenDomain[] = [];
      const readers = Array.from({ length: readsAtOnce }, async () => {
        for (const record of queue) {
          const one = await this.#seen(record, changed, signal);
          if (one !== undefined)
            seen.push({ ...one, isAutostarted: autostarted.has(record.dom.uuid) });
        }
      });
      await Promise.all(readers);
      this.#forgetAllBut(new Set(retStats.map(({ dom }) => dom.uuid)));
      return new Map(seen.map((it) => [it.ownership.id, it]));
    } finally {
      this.#changedDuring.delete(changed);
    }
  }

  /** The workload of a domain whose definition is remembered. */
  idOf(uuid: string): WorkloadId | undefined {
    return this.#known.get(uuid)?.definition?.ownership.id;
  }

  /** Reads the definition of a domain anew the next time, and what libvirt starts by itself: after every change of our own. */
  forget(uuid: string): void {
    this.#known.delete(uuid);
    this.#autostarts = undefined;
    for (const changed of this.#changedDuring) changed.add(uuid);
  }

  /** Passes events on, and learns from them which definitions to read anew. They have to have definitions and metadata among them. */
  async *follow(events: AsyncIterable<LibvirtEvent>): AsyncGenerator<LibvirtEvent, void> {
    let isFollowing = false;
    const setFollowing = (following: boolean): void => {
      if (isFollowing === following) return;
      isFollowing = following;
      this.#followers += following ? 1 : -1;
      this.#known.clear();
    };
    try {
      for await (const event of events) {
        if (event.kind === "subscribed") setFollowing(true);
        if (event.kind === "interrupted") setFollowing(false);
        if (event.kind === "lost") this.#known.clear();
        const dom = domainOf(event);
        if (dom !== undefined) this.forget(dom.uuid);
        yield event;
      }
    } finally {
      setFollowing(false);
    }
  }

  /** Those that libvirt starts by itself, which is no part of their definitions: one call for all, and not at every look. */
  async #autostarted(signal: AbortSignal, isExact: boolean): Promise<ReadonlySet<string>> {
    const nowMs = performance.now();
    const known = this.#followers > 0 && !isExact ? this.#autostarts : undefined;
    if (known !== undefined && nowMs < known.validUntilMs) return known.uuids;
    const args = { needResults: 1, flags: connectListAllDomainsFlags.autostart };
    const { domains } = await this.#connection.call("connectListAllDomains", args, { signal });
    const uuids = new Set(domains.map((it) => it.uuid));
    this.#autostarts = { uuids, validUntilMs: nowMs + this.#validMs };
    return uuids;
  }

  async #seen(
    { dom, params }: DomainStatsRecord,
    changed: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<Omit<SeenDomain, "isAutostarted"> | undefined> {
    const remembered = this.#known.get(dom.uuid);
    const known = isValid(remembered, dom) ? remembered : await this.#read(dom, signal);
    if (known === undefined) return undefined;
    if (this.#followers > 0 && !changed.has(dom.uuid)) this.#known.set(dom.uuid, known);
    if (known.definition === undefined) return undefined;
    const { ownership, isPersistent, running, ...definition } = known.definition;
    const parameters = parametersOf(params);
    return {
      ownership,
      isPersistent,
      definition,
      running,
      name: dom.name,
      uuid: dom.uuid,
      domainId: dom.id,
      state: numberOf(parameters.get("state.state")),
      reason: numberOf(parameters.get("state.reason")),
    };
  }

  /** Undefined: the domain is there no more. */
  async #read(dom: Domain, signal: AbortSignal): Promise<Known | undefined> {
    try {
      // What is defined: a run has a copy, which changes with it or does not. Where somebody has removed the definition, the copy is all there is.
      const args = { dom, flags: domainXmlFlags.inactive };
      const read = { domainId: dom.id, validUntilMs: performance.now() + this.#validMs };
      const { xml } = await this.#connection.call("domainGetXmlDesc", args, { signal });
      const parsed = parseDefinition(xml, this.#nodeId);
      if (parsed === undefined) throw unreadableDescription(dom.name);
      const { ownership, ...definition } = parsed;
      if (ownership === undefined || !this.#isOriginal(dom, ownership))
        return { ...read, definition: undefined };
      const { persistent } = await this.#connection.call("domainIsPersistent", { dom }, { signal });
      const isPersistent = persistent === 1;
      const running = await this.#runningOf(dom, signal);
      return {
        ...read,
        definition: { ...definition, ownership, isPersistent, running },
      };
    } catch (error) {
      if (LibvirtError.hasCode(error, "noDomain")) return undefined;
      throw error;
    }
  }

  /** What runs, as libvirt knows it without asking QEMU; undefined while nothing does. */
  async #runningOf(dom: Domain, signal: AbortSignal): Promise<DomainDefinition | undefined> {
    if (dom.id < 0) return undefined;
    const { xml } = await this.#connection.call("domainGetXmlDesc", { dom, flags: 0 }, { signal });
    const parsed = parseDefinition(xml, this.#nodeId);
    if (parsed === undefined) throw unreadableDescription(dom.name);
    return parsed;
  }

  /** Whether a domain is the one that the marks were written for: who copies a definition copies them along, but not its UUID. */
  #isOriginal({ uuid }: Domain, { id, current, kept }: DomainOwnership): boolean {
    const uid = current?.uid ?? kept?.uid ?? "";
    return uuid === machineUuid({ id, uid }, this.#nodeId);
  }

  #forgetAllBut(existing: ReadonlySet<string>): void {
    for (const uuid of this.#known.keys()) if (!existing.has(uuid)) this.#known.delete(uuid);
  }
}

/** Whether a definition is remembered of the run that there is, and for not too long. */
function isValid(known: Known | undefined, { id }: Domain): known is Known {
  return known !== undefined && known.domainId === id && performance.now() < known.validUntilMs;
}

/** The domain whose definition an event may be about. */
function domainOf(event: LibvirtEvent): Domain | undefined {
  if (event.kind !== "domain") return undefined;
  if (event.name === "lifecycle") return event.message.msg.dom;
  if (event.name === "balloonChange") return event.message.msg.dom;
  return event.name === "metadataChange" ? event.message.dom : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
