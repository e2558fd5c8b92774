import type { ServerHttp2Session } from "node:http2";
import { guardPings } from "./ping-guard.ts";

/** How long connections last, and how they are kept. */
export interface ConnectionLife {
  /** How long a connection without a call is kept, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** After so long a connection takes no more calls, a tenth more or less, in milliseconds; infinite: never. */
  readonly ageMaxMs: number;
  /** So long calls under way may take to end then, in milliseconds. */
  readonly ageGraceMs: number;
  /** The server asks so often whether the client is still there, in milliseconds. */
  readonly keepaliveIntervalMs: number;
  /** And ends the connection when there is no answer for so long, in milliseconds. */
  readonly keepaliveTimeoutMs: number;
  /** Clients may ask so often in turn, in milliseconds. */
  readonly clientPingIntervalMinMs: number;
}

/** Ends a connection of HTTP/2 when it is idle, old, or its client does not answer or asks too often. */
export function limitLife(session: ServerHttp2Session, life: ConnectionLife): void {
  endIdle(session, life.idleTimeoutMs);
  endOld(session, life);
  endSilent(session, life);
  guardPings(session, life.clientPingIntervalMinMs);
}

/** The age at which this one connection ends: not all that began at once end at once. */
export function agedBy(ageMaxMs: number): number {
  return ageMaxMs * (0.9 + Math.random() * 0.2);
}

function endIdle(session: ServerHttp2Session, idleTimeoutMs: number): void {
  let openStreams = 0;
  session.on("stream", (stream) => {
    openStreams += 1;
    stream.once("close", () => {
      openStreams -= 1;
    });
  });
  session.setTimeout(idleTimeoutMs, () => {
    if (openStreams === 0) session.close();
  });
}

function endOld(session: ServerHttp2Session, { ageMaxMs, ageGraceMs }: ConnectionLife): void {
  if (ageMaxMs === Number.POSITIVE_INFINITY) return;
  let timer = setTimeout(() => {
    // Tells the client to take its next calls elsewhere; what is under way goes on.
    session.close();
    timer = setTimeout(() => session.destroy(), ageGraceMs).unref();
  }, agedBy(ageMaxMs)).unref();
  session.once("close", () => clearTimeout(timer));
}

function endSilent(
  session: ServerHttp2Session,
  { keepaliveIntervalMs, keepaliveTimeoutMs }: ConnectionLife,
): void {
  let timeout: NodeJS.Timeout | undefined;
  const ask = setInterval(() => {
    if (timeout !== undefined || session.destroyed) return;
    timeout = setTimeout(() => session.destroy(), keepaliveTimeoutMs).unref();
    session.ping(() => {
      clearTimeout(timeout);
      timeout = undefined;
    });
  }, keepaliveIntervalMs).unref();
  session.once("close", () => {
    clearInterval(ask);
    clearTimeout(timeout);
  });
}
