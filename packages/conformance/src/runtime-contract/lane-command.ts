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
  /** The call is called off so much later; undefined: it is not. */
  readonly cutAfterMs: number | undefined;
}

/** Revisions that run until they are stopped: as many as there can be roles, and one more. */
const revisionsMax = 3;

const changes = ["retire", "restore", "stop", "remove", "retire-all"] as const;
const disturbances = ["kill", "pause", "vanish", "look"] as const;

/** Any command. Those that lead somewhere come more often. */
export const anyCommand: Arbitrary<LaneCommand> = record({
  op: constantFrom<LaneCommand["op"][]>(
    ...["prepare" as const, "prepare" as const, "start" as const, "start" as const],
    ...["replace" as const, "replace" as const, "replace" as const],
    ...changes,
    "restore",
    ...disturbances,
    "kill",
  ),
  revision: integer({ min: 0, max: revisionsMax }),
  cutAfterMs: constantFrom(...Array.from({ length: 6 }, () => undefined), 0, 2, 15, 60, 200),
});

/** A command as a person reads it. */
export function textOf({ op, revision, cutAfterMs }: LaneCommand): string {
  const named = op === "prepare" || op === "start" || op === "replace";
  const cut = cutAfterMs === undefined ? "" : `, called off after ${cutAfterMs} ms`;
  return `${op}${named ? ` ${revision === 0 ? "job" : `r${revision}`}` : ""}${cut}`;
}
