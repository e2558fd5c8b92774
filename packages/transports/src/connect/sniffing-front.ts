import type { Http2Server } from "node:http2";
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** What the front needs. */
export interface FrontOptions {
  /** Takes the connections in, and serves those that speak HTTP/1.1. */
  readonly http1: Server;
  /** Serves those that speak HTTP/2. */
  readonly http2: Http2Server;
  /** How long a connection may take to show what it speaks, in milliseconds. */
  readonly undecidedMs: number;
}

/**
 * Gives each connection of `http1` to the server that speaks its version, by its first bytes: HTTP/2 begins with `PRI`, which is no method of
 * HTTP/1.1. Returns a function that drops the connections that have not shown it yet.
 */
export function attachFront({ http1, http2, undecidedMs }: FrontOptions): () => void {
  const undecided = new Set<Socket>();
  const takeHttp1 = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    undecided.add(socket);
    whenDecided(socket, undecidedMs, (speaksHttp2) => {
      undecided.delete(socket);
      if (speaksHttp2 === undefined) socket.destroy();
      else if (speaksHttp2) giveToHttp2(http2, socket);
      else for (const take of takeHttp1) Reflect.apply(take, http1, [socket]);
    });
  });
  return () => {
    for (const socket of undecided) socket.destroy();
  };
}

function giveToHttp2(http2: Http2Server, socket: Socket): void {
  // A server of HTTP/1.1 lets clients end their side first; in HTTP/2 that is the end.
  socket.allowHalfOpen = false;
  http2.emit("connection", socket);
}

/** Calls `decide` once: whether the connection speaks HTTP/2, or undefined when it ended, failed or stayed silent. */
function whenDecided(
  socket: Socket,
  undecidedMs: number,
  decide: (speaksHttp2: boolean | undefined) => void,
): void {
  let head = Buffer.alloc(0);
  const settle = (speaksHttp2: boolean | undefined): void => {
    clearTimeout(timer);
    socket.off("readable", peek).off("error", drop).off("close", drop).off("end", drop);
    // Once, when decided: what is put back announces itself again.
    if (speaksHttp2 !== undefined) socket.unshift(head);
    decide(speaksHttp2);
  };
  const drop = (): void => settle(undefined);
  const peek = (): void => {
    const more: unknown = socket.read();
    if (!Buffer.isBuffer(more)) return;
    head = Buffer.concat([head, more]);
    const start = head.subarray(0, 3).toString("latin1");
    if (head.length < 3 && "PRI".startsWith(start)) return;
    settle(start === "PRI");
  };
  // Not the socket's own timeout: that begins anew with every byte.
  const timer = setTimeout(drop, undecidedMs);
  socket.on("readable", peek).on("error", drop).on("close", drop).on("end", drop);
}
