import { type Arbitrary, constantFrom, integer, record } from "fast-check";

/** What is done with one workload in a sequence. */
export interface LaneCommand {
  readonly op:
    | "prepare"
    | "start"
    | "replace"
    | "retire"
    | "retire-all"
    | "restore"
    | "stop"
    | "remove"
    | "kill"
    | "pause"
    | "vanish"
    | "look";
  /** 0: a program that ends by itself. */
  readonly revision: number;
  /** A start or replace of what is not prepared is made all the same; else it is prepared before. */
  readonly isUnprepared: boolean;
  /** The call is called off so much later; undefined: it is not. */
  readonly cutAfterMs: number | undefined;
}

/** Revisions that run until they are stopped: as many as there can be roles, and one more. */
const revisionsMax = 3;

/** How often each comes, against the others: those that lead somewhere more often. */
const weights: Readonly<Record<LaneCommand["op"], number>> = {
  prepare: 2,
  start: 2,
  replace: 3,
  retire: 1,
  "retire-all": 1,
  restore: 2,
  stop: 1,
  remove: 1,
  kill: 2,
  pause: 1,
  vanish: 1,
  look: 1,
};

const ops = Object.keys(weights) as readonly LaneCommand["op"][];
const uncut = Array.from({ length: 6 }, () => undefined);

/** Any command. */
export const anyCommand: Arbitrary<LaneCommand> = record({
  op: constantFrom(...ops.flatMap((op) => Array.from({ length: weights[op] }, () => op))),
  revision: integer({ min: 0, max: revisionsMax }),
  isUnprepared: integer({ min: 0, max: 5 }).map((it) => it === 0),
  cutAfterMs: constantFrom<(number | undefined)[]>(...uncut, 0, 2, 15, 60, 200),
});

/** A command as a person reads it. */
export function textOf({ op, revision, cutAfterMs }: LaneCommand): string {
  const named = op === "prepare" || op === "start" || op === "replace";
  const cut = cutAfterMs === undefined ? "" : `, called off after ${cutAfterMs} ms`;
  return `${op}${named ? ` ${revision === 0 ? "job" : `r${revision}`}` : ""}${cut}`;
}
