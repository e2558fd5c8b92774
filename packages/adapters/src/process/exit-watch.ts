import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { hasWriter } from "./instance-folder.ts";
import { isGone } from "./process-errors.ts";
import { type ProcessIdentity, runningStat } from "./process-table.ts";

/** How often a process without a supervisor is looked for: half of what an exit may take to be noticed. */
const orphanPollMs = 50;

/**
 * Notices the end of supervised runs, of this agent's as of an earlier one's: the supervisor holds a FIFO, and the kernel closes it however
 * the supervisor ends. A program whose supervisor was killed is looked for by its pid instead.
 */
export class ExitWatch {
  readonly #onEnd: (key: string) => void;
  readonly #sockets = new Map<string, Socket>();
  readonly #orphans = new Map<string, ProcessIdentity>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `onEnd` is called with the key of whatever ended, once for each call of {@link add} or {@link addOrphan}. */
  constructor(onEnd: (key: string) => void) {
    this.#onEnd = onEnd;
  }

  /** Watches the FIFO of a folder, unless that key is being watched. Also calls back when there is nothing to wait for. */
  add(key: string, folder: string): void {
    if (this.#isClosed || this.#sockets.has(key)) return;
    const descriptor = openFifo(folder);
    if (descriptor === undefined) {
      setImmediate(this.#onEnd, key);
      return;
    }
    const socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.#sockets.set(key, socket);
    const end = (): void => {
      if (this.#sockets.get(key) !== socket) return;
      this.#sockets.delete(key);
      socket.destroy();
      this.#onEnd(key);
    };
    socket.on("end", end).on("error", end).on("close", end).resume();
    socket.unref();
  }

  /** Watches a program that has no supervisor any more. */
  addOrphan(key: string, process: ProcessIdentity): void {
    if (this.#isClosed) return;
    this.#orphans.set(key, process);
    this.#timer ??= setInterval(() => {
      this.#pollOrphans();
    }, orphanPollMs).unref();
  }

  /** Stops watching everything. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
    this.#orphans.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #pollOrphans(): void {
    for (const [key, process] of this.#orphans) {
      if (mayRun(process)) continue;
      this.#orphans.delete(key);
      this.#onEnd(key);
    }
    if (this.#orphans.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** False only when that was seen: what cannot be read now is looked at again. */
function mayRun(process: ProcessIdentity): boolean {
  try {
    return runningStat(process) !== undefined;
  } catch {
    return true;
  }
}

/** The reading end, or undefined when no one holds the other: a reader that came after the last writer would never see an end. */
function openFifo(folder: string): number | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(join(folder, "alive"), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  if (hasWriter(descriptor)) return descriptor;
  closeSync(descriptor);
  return undefined;
}
