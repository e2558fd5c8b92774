import { connect } from "node:net";
import { brokenFrame, callFrames, plainRequest, preface } from "./frames.ts";
import { Noise } from "./noise.ts";
import type { Door, Victim } from "./victim.ts";

/** What a run sends. */
export interface FuzzOptions {
  readonly door: Door;
  /** Frames and requests of HTTP/1.1 to send at least, in all. */
  readonly pieces: number;
  readonly seed: number;
}

/** What was sent. */
export interface Sent {
  readonly connections: number;
  readonly calls: number;
  /** Frames of HTTP/2, and requests of HTTP/1.1. */
  readonly pieces: number;
}

const connectionsAtOnce = 8;
const callsPerConnection = 100;
/** What a connection may wait for its answers. */
const patienceMs = 2_000;

/** Sends calls of which most are wrong, over many connections. Resolves when all are sent and answered, or their connections ended. */
export async function fuzz(victim: Victim, { door, pieces, seed }: FuzzOptions): Promise<Sent> {
  let connections = 0;
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < pieces && victim.isAlive) {
      const noise = new Noise(seed + connections);
      connections += 1;
      // The gRPC port is spoken to with HTTP/1.1 now and then, to which it has no answer.
      const isPlain = noise.once(door === "connect" ? 3 : 50);
      const all = isPlain ? plainBytes(noise) : http2Bytes(noise);
      sent += all.length;
      await send(victim.ports[door], all);
      if (connections % 50 === 0) await victim.state();
    }
  };
  await Promise.all(Array.from({ length: connectionsAtOnce }, work));
  await victim.state();
  return { connections, calls: connections * callsPerConnection, pieces: sent };
}

function http2Bytes(noise: Noise): readonly Buffer[] {
  const breaks = noise.once(3) ? noise.below(callsPerConnection) : -1;
  const calls = Array.from({ length: callsPerConnection }, (_, at) => {
    const stream = 2 * at + 1;
    return at === breaks ? [brokenFrame(noise, stream)] : callFrames(noise, stream);
  }).flat();
  return [noise.once(100) ? noise.mutate(preface) : preface, ...calls];
}

function plainBytes(noise: Noise): readonly Buffer[] {
  return Array.from({ length: callsPerConnection }, () => plainRequest(noise));
}

/** Sends the pieces and reads what comes, until nothing comes any more or the connection ends. */
async function send(port: number, pieces: readonly Buffer[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port });
  const quiet = setTimeout(() => socket.destroy(), patienceMs);
  let silence: NodeJS.Timeout | undefined;
  socket.on("error", () => {});
  socket.on("data", () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.destroy(), 30);
  });
  socket.once("close", () => {
    clearTimeout(quiet);
    clearTimeout(silence);
    resolve();
  });
  socket.write(Buffer.concat(pieces));
  await promise;
}
