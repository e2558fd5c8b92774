import { type Frame, frameStatus, frameType } from "./frames.ts";

/** The program of signs of life, beside that of the calls: `virkeepaliveprotocol.x`. */
const program = 0x6b656570;
const version = 1;
const procedures = { ping: 1, pong: 2 } as const;

/** How a silent daemon is noticed. */
export interface KeepaliveOptions {
  /** A ping follows when nothing has arrived for so long, in milliseconds. Default 5,000, as libvirt has it; 0: never. */
  readonly intervalMs?: number;
  /** The daemon is taken for dead after so many pings without a sign of life. Default 5, as libvirt has it. */
  readonly pingsMax?: number;
}

/** Asks a silent daemon whether it lives, and says that we do. One timer; nothing is kept but counts. */
export class Keepalive {
  readonly #intervalMs: number;
  readonly #pingsMax: number;
  readonly #send: (frame: Frame) => void;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #isQuiet = true;

  constructor(
    { intervalMs = 5_000, pingsMax = 5 }: KeepaliveOptions,
    parts: { readonly send: (frame: Frame) => void; readonly onSilence: () => void },
  ) {
    this.#intervalMs = intervalMs;
    this.#pingsMax = pingsMax;
    this.#send = parts.send;
    this.#onSilence = parts.onSilence;
  }

  /** Begins to watch. Only daemons that say they know of it are watched. */
  start(): void {
    if (this.#intervalMs === 0) return;
    this.#timer = setInterval(() => {
      this.#tick();
    }, this.#intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Something has arrived: the daemon lives. */
  heard(): void {
    this.#isQuiet = false;
    this.#unanswered = 0;
  }

  /** Answers a ping. False for a frame of another program. */
  take(frame: Frame): boolean {
    if (frame.program !== program) return false;
    if (frame.procedure === procedures.ping) this.#send(signOfLife(procedures.pong));
    return true;
  }

  #tick(): void {
    if (!this.#isQuiet) {
      this.#isQuiet = true;
      return;
    }
    if (this.#unanswered >= this.#pingsMax) {
      this.#onSilence();
      return;
    }
    this.#unanswered += 1;
    this.#send(signOfLife(procedures.ping));
  }
}

function signOfLife(procedure: number): Frame {
  const payload = new Uint8Array();
  const { message: type } = frameType;
  return { program, version, procedure, type, serial: 0, status: frameStatus.ok, payload };
}
