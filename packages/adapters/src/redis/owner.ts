import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import { createEntryCodec, type EntryCodec } from "../shared/record-codec/entry-codec.ts";
import { faultIn } from "../shared/record-codec/record-shape.ts";

/** Who writes to the state. Each opening writes its own, unlike any before. */
export interface Ownership {
  readonly epoch: number;
  /** Unique to one opening. */
  readonly opening: string;
  readonly pid: number;
  readonly host: string;
  readonly sinceMs: number;
  /** When the process began, in the kernel's ticks since boot; tells a pid from its reuse. */
  readonly startTicks: string;
  /** Where the pid counts: this start of the machine, and the namespace in it. */
  readonly pidSpace: string;
  /** The copy of this module in the process: a process can have several, as in its worker threads. */
  readonly realm: string;
}

const ownershipShape = z.looseObject({
  epoch: z.int().positive(),
  opening: z.string(),
  pid: z.number(),
  host: z.string(),
  sinceMs: z.number(),
  startTicks: z.string(),
  pidSpace: z.string(),
  realm: z.string(),
});

/** How {@link Ownership} is stored. */
export const ownershipCodec: EntryCodec<Ownership> = createEntryCodec<Ownership>({
  kind: "O",
  version: 1,
  upgrades: new Map(),
  keyOf: () => "owner",
  faultOf: (body) => faultIn(ownershipShape, body),
});

const realm = randomUUID();

/** The openings of this realm that have not been given up. */
const openHere = new Set<string>();

/** A new opening, which counts as running until {@link giveUp}. */
export function newOpening(): string {
  const opening = randomUUID();
  openHere.add(opening);
  return opening;
}

/** From now on the opening counts as ended, whatever the server still says of it. */
export function giveUp(opening: string): void {
  openHere.delete(opening);
}

/** This process as the owner. */
export function thisOwner(epoch: number, opening: string): Ownership {
  return {
    epoch,
    opening,
    pid: process.pid,
    host: hostname(),
    sinceMs: Date.now(),
    startTicks: startTicksOf(process.pid) ?? "",
    pidSpace: pidSpaceOf() ?? "",
    realm,
  };
}

/** Whether an owner runs; `unknown` where that cannot be seen from here, as on another machine or in another container. */
export function fateOf(owner: Ownership): "runs" | "ended" | "unknown" {
  const pidSpace = pidSpaceOf();
  if (pidSpace === undefined || owner.pidSpace !== pidSpace) return "unknown";
  const startTicks = startTicksOf(owner.pid);
  if (startTicks === undefined || owner.startTicks === "") return "unknown";
  if (startTicks !== owner.startTicks) return "ended";
  if (owner.pid !== process.pid) return "runs";
  if (owner.realm !== realm) return "unknown";
  return openHere.has(owner.opening) ? "runs" : "ended";
}

function pidSpaceOf(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    // No Linux: then nothing is known of other processes.
    return undefined;
  }
}

/**
 * Field 22 of /proc/PID/stat (proc(5)), counted after the name, which may hold anything. `gone` where no such process runs: one that was
 * killed is of no account, also before its parent has noticed. Undefined where that cannot be seen.
 */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "gone" : fields[19];
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" || code === "ESRCH" ? "gone" : undefined;
  }
}
