import { isWorkloadId, type Logger, type RuntimeEvent, type WorkloadId } from "@persys/core";
import { EventQueue } from "../shared/event-queue.ts";
import type { AddressWatch } from "./address-watch.ts";
import { vmError } from "./libvirt-errors.ts";
import type { OwnedDomains } from "./owned-domains.ts";
import {
  type Domain,
  type DomainEvent,
  type DomainEventName,
  domainEventType,
  type LibvirtConnection,
} from "./rpc/index.ts";

/** What events are made of. */
export interface DomainEventsContext {
  readonly connection: Pick<LibvirtConnection, "events">;
  readonly domains: OwnedDomains;
  readonly addresses: AddressWatch;
  readonly logger: Logger;
}

/** What may change an observation. */
const names: readonly DomainEventName[] = [
  "lifecycle",
  "metadataChange",
  "reboot",
  "ioErrorReason",
  "watchdog",
  "controlError",
  "pmsuspend",
  "pmsuspendDisk",
  "pmwakeup",
  "agentLifecycle",
  "balloonChange",
];

/**
 * Hints from libvirt's own events that a machine may have changed, and from its networks that one has another address. A break is told, and its
 * end: what happened in between is not, so that all is to be looked at again. Hints of one workload that wait are one.
 */
export class DomainEvents {
  readonly #context: DomainEventsContext;
  readonly #listeners = new Map<WorkloadId, Set<() => void>>();

  constructor(context: DomainEventsContext) {
    this.#context = context;
  }

  /**
   * Hints, until the signal aborts. It connects again by itself after a break.
   * @throws the signal's reason. {AgentError} where the daemon tells no events
   */
  async *events(signal: AbortSignal): AsyncGenerator<RuntimeEvent, never, undefined> {
    const queue = new EventQueue();
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    const unwatch = this.#context.addresses.watch((id) => {
      queue.put({ id, what: "address" });
    });
    const reading = this.#read(queue, either).catch((error: unknown) => {
      ending.abort(vmError(error, "follow the events of libvirt"));
    });
    try {
      return yield* queue.drain(either);
    } finally {
      unwatch();
      ending.abort();
      await reading;
    }
  }

  /** Calls `listener` at every hint of the workload while events are read. Returns what ends that. */
  onHint(id: WorkloadId, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  async #read(queue: EventQueue, signal: AbortSignal): Promise<void> {
    const { connection, domains, logger } = this.#context;
    let isOut = false;
    for await (const event of domains.follow(connection.events(names, signal))) {
      switch (event.kind) {
        case "domain":
          this.#take(event, queue);
          break;
        case "interrupted":
          // Once for each outage: it is tried again every few seconds, and not every node has libvirt.
          if (isOut) break;
          isOut = true;
          logger.warn("the events of libvirt broke off; connecting again", { error: event.error });
          queue.put({ id: undefined, what: event.kind });
          break;
        case "subscribed":
          isOut = false;
          this.#context.addresses.nudge();
          queue.put({ id: undefined, what: event.kind });
          break;
        case "lost":
          queue.put({ id: undefined, what: event.kind });
      }
    }
  }

  #take(event: DomainEvent, queue: EventQueue): void {
    const { addresses } = this.#context;
    const dom = domainOf(event);
    if (event.name === "agentLifecycle" && event.message.state === agentConnected)
      addresses.hasAgent(dom);
    if (event.name === "lifecycle") addresses.nudge();
    const id = this.#workloadOf(dom);
    if (id === undefined) return;
    queue.put({ id, what: wordOf(event) });
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }

  /** Whose it may be: a machine has the name of its workload. One that somebody has renamed is known by what was read of it before. */
  #workloadOf({ name, uuid }: Domain): WorkloadId | undefined {
    return this.#context.domains.idOf(uuid) ?? (isWorkloadId(name) ? name : undefined);
  }
}

/** `VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED`. */
const agentConnected = 1;

/** The domain that an event is about. */
function domainOf(event: DomainEvent): Domain {
  const { message } = event;
  return "msg" in message ? message.msg.dom : message.dom;
}

const lifecycleWords: ReadonlyMap<number, string> = new Map(
  Object.entries(domainEventType).map(([word, number]) => [number, word]),
);

function wordOf(event: DomainEvent): string {
  if (event.name !== "lifecycle") return event.name;
  return lifecycleWords.get(event.message.msg.event) ?? event.name;
}
