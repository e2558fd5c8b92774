import { connect, type Socket } from "node:net";
import { procedures } from "./gen/protocol.ts";
import { LibvirtConnectionError } from "./libvirt-connection-error.ts";
import type { LibvirtEndpoint } from "./libvirt-endpoint.ts";
import { LibvirtSession, type SessionListeners } from "./libvirt-session.ts";

/** `remote_auth_type`: how a daemon wants to know who calls. */
const authentication = { none: 0, sasl: 1, polkit: 2 } as const;

/** `VIR_DRV_FEATURE_…`: what a connection is asked whether it can. */
const feature = { keepalive: 10, eventCallbacks: 14 } as const;

/** How a connection is made. */
export interface OpenOptions extends SessionListeners {
  /** A daemon that does not finish the opening within this time is given up, in milliseconds. */
  readonly openTimeoutMs: number;
}

/**
 * Connects, authenticates, opens the hypervisor, and begins to watch for signs of life.
 *
 * The daemon asks nothing of root and of those whom its socket's permissions let in; polkit, where it is used, decides by the process that
 * calls. SASL is not offered here.
 * @throws {LibvirtConnectionError} `unreachable`, `refused`, `silent` after the time-out, or as the daemon breaks the opening off
 * @throws {LibvirtError} as the daemon refuses
 */
export async function openSession(
  endpoint: LibvirtEndpoint,
  options: OpenOptions,
): Promise<LibvirtSession> {
  options.signal?.throwIfAborted();
  const session = new LibvirtSession(await connectAny(endpoint.socketPaths), options);
  const timer = setTimeout(() => {
    session.end(new LibvirtConnectionError("silent", "the daemon does not let in"));
  }, options.openTimeoutMs);
  try {
    await authenticate(session);
    await session.send(procedures.connectOpen, { name: endpoint.name, flags: 0 });
    if (await supports(session, feature.keepalive)) session.watch();
    return session;
  } catch (error) {
    session.end(new LibvirtConnectionError("closed", "it could not be opened", { cause: error }));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether events can be asked for one by one; all daemons since libvirt 1.3.3 can. */
export async function supportsEvents(session: LibvirtSession): Promise<boolean> {
  return supports(session, feature.eventCallbacks);
}

async function supports(session: LibvirtSession, which: number): Promise<boolean> {
  const { supported } = await session.send(procedures.connectSupportsFeature, { feature: which });
  return supported === 1;
}

async function authenticate(session: LibvirtSession): Promise<void> {
  const { types } = await session.send(procedures.authList, undefined);
  if (types.includes(authentication.none)) return;
  if (types.includes(authentication.polkit)) {
    await session.send(procedures.authPolkit, undefined);
    return;
  }
  const why = `it wants authentication of kinds ${types.join(", ")}, of which none is offered`;
  throw new LibvirtConnectionError("refused", why, { sent: false });
}

async function connectAny(paths: readonly string[]): Promise<Socket> {
  const failures: LibvirtConnectionError[] = [];
  for (const path of paths) {
    try {
      return await connected(path);
    } catch (error) {
      if (!(error instanceof LibvirtConnectionError)) throw error;
      failures.push(error);
    }
  }
  // The first is the usual one: what it says is what a person can act on.
  throw (
    failures[0] ?? new LibvirtConnectionError("unreachable", "no socket is known", { sent: false })
  );
}

async function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ path });
  const fail = (cause: NodeJS.ErrnoException): void => {
    const { code: errno = "" } = cause;
    const options = { sent: false, errno, cause };
    reject(
      new LibvirtConnectionError("unreachable", `cannot connect to ${path} (${errno})`, options),
    );
  };
  socket.once("error", fail);
  socket.once("connect", () => {
    socket.off("error", fail);
    resolve(socket);
  });
  return promise;
}
