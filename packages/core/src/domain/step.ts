import type { Failure } from "./failure.ts";

/** Which of the record's revisions a step works for. */
export type StepTarget = "wanted" | "fallback";

/**
 * The one next thing to do for a workload. Every step says why, in words for a person.
 *
 * - `settled`: nothing to do until something changes.
 * - `wait`: nothing to do before `untilMs` (Unix milliseconds), unless something changes.
 * - `prepare`: all that can fail or take long and does not disturb what runs.
 * - `start`: bring the target to running from whatever state its instance is in.
 * - `replace`: stop what runs, keep it, start the target.
 * - `retire`: drop the kept instance and what was prepared for revisions no longer wanted.
 * - `restore`: run the kept instance again and remove the one that did not settle.
 * - `stop`: end what runs, keep it for a later start.
 * - `remove`: remove every instance of ours.
 * - `forget`: drop the record; only after absence was seen.
 * - `giveUp`: stop trying the target until a new apply or a retry.
 */
export type Step =
  | { readonly kind: "settled"; readonly cause: string }
  | { readonly kind: "wait"; readonly cause: string; readonly untilMs: number }
  | RuntimeStep
  | { readonly kind: "forget"; readonly cause: string }
  | {
      readonly kind: "giveUp";
      readonly cause: string;
      readonly target: StepTarget;
      readonly failure: Failure;
    };

/** The name of a step. */
export type StepKind = Step["kind"];

/** Steps that call a runtime. */
export type RuntimeStep =
  | {
      readonly kind: "prepare" | "start" | "replace" | "restore";
      readonly cause: string;
      readonly target: StepTarget;
    }
  | { readonly kind: "retire" | "stop" | "remove"; readonly cause: string };
