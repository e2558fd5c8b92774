import type { PortCall } from "../port-tap.ts";
import type { CrashWorld } from "./crash-world.ts";

/** A call of an agent through one of its ports, as it went. */
export interface TracedCall {
  readonly call: PortCall;
  /** Which agent made it: 0 for the first of the story. */
  readonly agent: number;
  readonly beganMs: number;
  /** Undefined where the agent never heard of it again. */
  endedMs: number | undefined;
  /** Whether it got beyond the tap: what did not had no effect. */
  hasReached: boolean;
}

/**
 * What strikes at a boundary. `dies`: the agent is killed there. `doubt`: a commit fails there with the error that says that its outcome is not
 * known, before which nothing, after which everything is stored; the agent lives on.
 */
export type Fate = "dies" | "doubt";

/** A boundary of a story, by the number of the call among all calls of the story, and what strikes there. */
export interface Blow {
  readonly fate: Fate;
  readonly call: number;
  readonly moment: "before" | "midway" | "after";
  /** Which of the ways to cut it short, and how long the call takes where it is not. */
  readonly midway?: string;
  readonly tookMs?: number;
}

/** A boundary that can be struck, with the call it belongs to. */
export interface Boundary extends Omit<Blow, "fate"> {
  readonly of: PortCall;
}

/** The order in which the beginnings and ends of calls followed each other. */
export interface Passed {
  readonly call: number;
  readonly moment: "before" | "after";
}

/** Every boundary that was passed, in order, with the inner ones of each call after its beginning. */
export function boundariesOf(
  passed: readonly Passed[],
  calls: readonly TracedCall[],
  world: CrashWorld,
): readonly Boundary[] {
  return passed.flatMap(({ call, moment }): Boundary[] => {
    const traced = calls[call];
    if (traced === undefined) return [];
    const of = traced.call;
    const here: Boundary = { call, moment, of };
    if (moment === "after" || traced.endedMs === undefined) return [here];
    const tookMs = traced.endedMs - traced.beganMs;
    const inner = world.midways(of, tookMs);
    return [
      here,
      ...inner.map(({ name }): Boundary => ({ call, moment: "midway", midway: name, tookMs, of })),
    ];
  });
}

/** Whether a call changes something on the host. */
export function isChange({ port, op }: PortCall): boolean {
  return port === "runtime" && changes.has(op);
}

/** A call in words. */
export function callText({ port, op, id, revisionId }: PortCall): string {
  return [port, op, id, revisionId].filter((it) => it !== undefined).join(" ");
}

/** A boundary in words. */
export function boundaryText(at: Omit<Blow, "fate">, of: PortCall): string {
  const call = callText(of);
  return at.moment === "midway" ? `in ${call}, ${at.midway ?? ""}` : `${at.moment} ${call}`;
}

const changes: ReadonlySet<string> = new Set([
  "prepare",
  "start",
  "replace",
  "retire",
  "restore",
  "stop",
  "remove",
]);
