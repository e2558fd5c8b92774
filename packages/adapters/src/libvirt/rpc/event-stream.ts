import type { XdrType } from "@stellar/js-xdr";
import { domainEventId } from "./gen/constants.ts";
import {
  type DomainEventMessages,
  domainEventMessages,
  type EventMessage,
  procedures,
} from "./gen/protocol.ts";
import { EventQueue } from "./event-queue.ts";
import type { KeepaliveOptions } from "./keepalive.ts";
import { LibvirtConnectionError } from "./libvirt-connection-error.ts";
import type { LibvirtEndpoint } from "./libvirt-endpoint.ts";
import { LibvirtError } from "./libvirt-error.ts";
import type { LibvirtSession } from "./libvirt-session.ts";
import { openSession, supportsEvents } from "./open-session.ts";

/** What can be subscribed to. */
export type DomainEventName = keyof DomainEventMessages;

/** Something the daemon told about a domain. */
export type DomainEvent = {
  readonly [Name in DomainEventName]: {
    readonly kind: "domain";
    readonly name: Name;
    readonly message: DomainEventMessages[Name] extends EventMessage<infer Msg> ? Msg : never;
  };
}[DomainEventName];

/** One item of a stream. */
export type LibvirtEvent =
  | DomainEvent
  /** From here on nothing is missed: what is looked up now is up to date. */
  | { readonly kind: "subscribed" }
  /** What happens until the next `subscribed` is not told. */
  | { readonly kind: "interrupted"; readonly error: unknown }
  /** The reader was too slow: some events were dropped here. */
  | { readonly kind: "lost" };

/** What a stream is made with. */
export interface StreamOptions {
  readonly endpoint: LibvirtEndpoint;
  readonly openTimeoutMs: number;
  readonly eventsMax: number;
  readonly keepalive: KeepaliveOptions;
}

/** How long to wait before connecting again, in milliseconds: doubled each time, up to the most. */
const backOffMs = { first: 100, most: 5_000 } as const;

/** The number each kind of event is subscribed under. */
const eventIds: Readonly<Record<DomainEventName, number>> = {
  agentLifecycle: domainEventId.agentLifecycle,
  balloonChange: domainEventId.balloonChange,
  blockJob: domainEventId.blockJob,
  controlError: domainEventId.controlError,
  deviceRemoved: domainEventId.deviceRemoved,
  ioErrorReason: domainEventId.ioErrorReason,
  lifecycle: domainEventId.lifecycle,
  metadataChange: domainEventId.metadataChange,
  pmsuspend: domainEventId.pmsuspend,
  pmsuspendDisk: domainEventId.pmsuspendDisk,
  pmwakeup: domainEventId.pmwakeup,
  reboot: domainEventId.reboot,
  watchdog: domainEventId.watchdog,
};

const eventNames = Object.keys(eventIds) as readonly DomainEventName[];

/** {@link LibvirtConnection.events}, over a connection of its own. */
export async function* streamEvents(
  options: StreamOptions,
  names: readonly DomainEventName[],
  signal: AbortSignal,
): AsyncGenerator<LibvirtEvent, void> {
  let failures = 0;
  while (!signal.aborted) {
    const queue = new EventQueue<DomainEvent>(options.eventsMax);
    let session: LibvirtSession | undefined;
    try {
      session = await subscribed(options, { names, queue, signal });
      failures = 0;
      yield { kind: "subscribed" };
      yield* queue.read(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      yield { kind: "interrupted", error };
    } finally {
      session?.end(new LibvirtConnectionError("closed", "the stream has ended"));
    }
    failures += 1;
    await waitBefore(failures, signal);
  }
}

interface Subscription {
  readonly names: readonly DomainEventName[];
  readonly queue: EventQueue<DomainEvent>;
  readonly signal: AbortSignal;
}

async function subscribed(
  options: StreamOptions,
  { names, queue, signal }: Subscription,
): Promise<LibvirtSession> {
  const session = await openSession(options.endpoint, {
    ...options,
    signal,
    onEnd: (error) => {
      queue.end(error);
    },
    onMessage: (procedure, payload) => {
      const event = decodeEvent(procedure, payload);
      if (event !== undefined) queue.push(event);
    },
  });
  try {
    if (!(await supportsEvents(session)))
      throw new LibvirtConnectionError("refused", "the daemon is too old to tell events");
    for (const name of names)
      await session.send(procedures.connectDomainEventCallbackRegisterAny, {
        eventId: eventIds[name],
        dom: null,
      });
    return session;
  } catch (error) {
    session.end(new LibvirtConnectionError("closed", "could not subscribe", { cause: error }));
    throw error;
  }
}

/** Undefined for a message that nobody here knows of. @throws {XdrError} for what is not written as it should be. */
function decodeEvent(procedure: number, payload: Uint8Array): DomainEvent | undefined {
  const name = eventNames.find((it) => domainEventMessages[it].number === procedure);
  if (name === undefined) return undefined;
  const schema: XdrType<unknown> = domainEventMessages[name].msg;
  return { kind: "domain", name, message: schema.decode(payload) } as DomainEvent;
}

/** Whether it may be another time: all but what the daemon refuses, or wants and does not get. */
function isPassing(error: unknown): boolean {
  if (error instanceof LibvirtError) return !LibvirtError.hasCode(error, "noSupport");
  return !(error instanceof LibvirtConnectionError && error.fault === "refused");
}

async function waitBefore(attempt: number, signal: AbortSignal): Promise<void> {
  const fullMs = Math.min(backOffMs.first * 2 ** (attempt - 1), backOffMs.most);
  // Many agents lose a daemon at once; they must not come back at once.
  const waitMs = fullMs * (0.5 + Math.random() / 2);
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  const leave = (): void => {
    resolve();
  };
  signal.addEventListener("abort", leave, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", leave);
}
