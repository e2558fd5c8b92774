import {
  currentInstance,
  type Instance,
  isLive,
  keptInstance,
  type Observation,
  type Target,
} from "@persys/core";
import { ContractViolation } from "../contract-violation.ts";
import type { Change } from "./workload-change.ts";

/** What a runtime holds for one workload. */
export interface Holding {
  readonly current: Instance | undefined;
  readonly kept: Instance | undefined;
}

/** The holding before a call and the one after it. */
export interface Passage {
  readonly before: Holding;
  readonly after: Holding;
}

/** Revisions whose programs end by themselves begin with this. */
const jobPrefix = "job";

/** Whether the program of a revision ends by itself, soon. */
export function isJob(revisionId: string): boolean {
  return revisionId.startsWith(jobPrefix);
}

/** What a look found. @throws {ContractViolation} when nothing could be read. */
export function holdingOf(seen: Observation): Holding {
  if (seen.kind === "unreadable")
    throw new ContractViolation("what exists cannot be read", { seen: seen.failure });
  return { current: currentInstance(seen), kept: keptInstance(seen) };
}

/** Something of ours that a call which was cut short has left: never run, and of no revision. */
export function isHalfMade(it: Instance): boolean {
  return it.uid === "" && it.revisionId === "" && it.state === "created";
}

/** Whether an instance was made for a target. */
export function isOfTarget(it: Instance, target: Target): boolean {
  return (
    it.uid === target.uid &&
    it.revisionId === target.revisionId &&
    it.specDigest === target.specDigest
  );
}

/** What is wrong after a call that has succeeded; empty: nothing. */
export function faultsAfterSuccess(change: Change, passage: Passage): readonly string[] {
  switch (change.op) {
    case "prepare":
      return faultsAfterPrepare(change.target, passage);
    case "start":
    case "replace":
      return faultsAfterTakeOver(change.target, passage);
    case "retire":
      return faultsAfterRetire(passage);
    case "restore":
      return faultsAfterRestore(passage);
    case "stop":
      return faultsAfterStop(passage);
    case "remove":
      return broken({
        "remove leaves nothing": isEmpty(passage.after),
      });
  }
}

/** What is wrong after a call that did nothing: because it failed without an effect, or because there was nothing to do. */
export function faultsAfterNothing({ before, after }: Passage): readonly string[] {
  return [
    ...faultsOfUnchanged("current", before.current, after.current),
    ...faultsOfUnchanged("kept", before.kept, after.kept),
  ];
}

/** What is wrong after a call that was called off, at whatever moment. */
export function faultsAfterCancel(change: Change, passage: Passage): readonly string[] {
  if (faultsAfterNothing(passage).length === 0) return [];
  if (faultsAfterSuccess(change, passage).length === 0) return [];
  const { before, after } = passage;
  const strangers = instancesOf(after).filter((it) => !has(before, it.handle) && !isHalfMade(it));
  switch (change.op) {
    case "prepare":
    case "start":
    case "replace":
      return [
        ...broken({
          "only the target's instance is new": strangers.every((it) =>
            isOfTarget(it, change.target),
          ),
          "what is new is not kept": strangers.every((it) => !it.kept),
        }),
        ...(change.op === "prepare"
          ? faultsOfPrepared(passage)
          : faultsOfSurvival(change.target, passage)),
        ...faultsOfRuns(passage, change.op !== "prepare" ? change.target : undefined),
      ];
    case "retire":
      return [
        ...broken({
          "retire makes nothing": strangers.length === 0,
          "what is kept is the same, or gone":
            after.kept === undefined || isSame(before.kept, after.kept),
        }),
        ...faultsOfUnchanged("current", before.current, after.current),
      ];
    case "restore":
      return broken({
        "restore makes nothing": strangers.length === 0,
        "what was kept is there": before.kept === undefined || has(after, before.kept.handle),
      });
    case "stop":
      return [
        ...broken({
          "stop makes and removes nothing":
            isSame(before.current, after.current) && isSame(before.kept, after.kept),
        }),
        ...faultsOfRuns(passage, undefined),
      ];
    case "remove":
      return [
        ...broken({ "remove makes nothing": strangers.length === 0 }),
        ...faultsOfRuns(passage, undefined),
      ];
  }
}

function faultsAfterPrepare(target: Target, passage: Passage): readonly string[] {
  const { before, after } = passage;
  if (!isEmpty(before)) return faultsAfterNothing(passage);
  const { current, kept } = after;
  return broken({
    "prepare starts nothing": current === undefined || current.state === "created",
    "what prepare makes is the target's": current === undefined || isOfTarget(current, target),
    "prepare keeps nothing": kept === undefined,
  });
}

/** A prepare on its way may have made what it may make, where nothing was. */
function faultsOfPrepared(passage: Passage): readonly string[] {
  if (!isEmpty(passage.before)) return faultsAfterNothing(passage);
  const { current, kept } = passage.after;
  return broken({
    "prepare starts nothing": current === undefined || current.state === "created",
    "prepare keeps nothing": kept === undefined,
  });
}

function faultsAfterTakeOver(target: Target, { before, after }: Passage): readonly string[] {
  const { current } = after;
  if (current === undefined) return ["there is a current instance"];
  const own = before.current !== undefined && isOfTarget(before.current, target);
  return [
    ...broken({
      "the current instance is the target's": isOfTarget(current, target),
      "the current instance is up": isUpOrEnded(current),
      "the current instance has not drifted": current.drift.length === 0,
      "what is kept is down": after.kept === undefined || !isLive(after.kept),
    }),
    ...(own
      ? faultsOfOwn(before.current, { before, after })
      : faultsOfSetAside(target, { before, after })),
  ];
}

/** The target was current before. */
function faultsOfOwn(own: Instance | undefined, { before, after }: Passage): readonly string[] {
  const { current } = after;
  if (own === undefined || current === undefined) return [];
  const wasUp = isLive(own);
  const drifted = own.drift.length > 0;
  return broken({
    "the same instance is current": drifted || current.handle === own.handle,
    "what was up has not been run again": !wasUp || drifted || current.run === own.run,
    "what was down has been run again": wasUp || current.run !== own.run,
    "what was kept is kept": isSame(before.kept, after.kept),
  });
}

/** Another revision, or nothing, was current before. */
function faultsOfSetAside(target: Target, { before, after }: Passage): readonly string[] {
  const whole = wholeOf(before.current);
  const others = [whole, before.kept].filter((it) => it !== undefined);
  const isNew = after.current === undefined || !has(before, after.current.handle);
  // What belongs to another creation need not be kept.
  const isOneCreation = others.every((it) => it.uid === target.uid);
  const toKeep = before.kept ?? whole;
  return broken({
    "the current instance is a new one": isNew,
    "what was kept is kept, else what was current": !isOneCreation || isSame(toKeep, after.kept),
  });
}

/** What a replacement that is cut short must not have lost. */
function faultsOfSurvival(target: Target, { before, after }: Passage): readonly string[] {
  const whole = wholeOf(before.current);
  if (whole !== undefined && isOfTarget(whole, target)) {
    return broken({
      "the target's instance is still current":
        whole.drift.length > 0 || isSame(whole, after.current),
      "what was kept is kept": isSame(before.kept, after.kept),
    });
  }
  const toKeep = before.kept ?? whole;
  if (toKeep === undefined || toKeep.uid !== target.uid) return [];
  return broken({
    "what there is to go back to is there": has(after, toKeep.handle),
    "what was kept is still kept":
      before.kept === undefined || after.kept?.handle === before.kept.handle,
  });
}

function faultsAfterRetire({ before, after }: Passage): readonly string[] {
  return [
    ...broken({ "nothing is kept": after.kept === undefined }),
    ...faultsOfUnchanged("current", before.current, after.current),
  ];
}

function faultsAfterRestore(passage: Passage): readonly string[] {
  const { before, after } = passage;
  if (before.kept === undefined) return faultsAfterNothing(passage);
  const { current } = after;
  return broken({
    "what was kept is current": current?.handle === before.kept.handle,
    "what was restored is up": current !== undefined && isUpOrEnded(current),
    "what was down has been run again":
      isLive(before.kept) || current === undefined || current.run !== before.kept.run,
    "nothing is kept": after.kept === undefined,
  });
}

function faultsAfterStop({ before, after }: Passage): readonly string[] {
  return [
    ...faultsOfStopped("current", before.current, after.current),
    ...faultsOfStopped("kept", before.kept, after.kept),
  ];
}

function faultsOfStopped(
  which: string,
  before: Instance | undefined,
  after: Instance | undefined,
): readonly string[] {
  if (before === undefined || after === undefined || !isLive(before))
    return faultsOfUnchanged(which, before, after);
  return broken({
    [`the ${which} instance has ended`]: after.state === "exited",
    [`the ${which} instance is the same, in the same run`]:
      after.handle === before.handle && after.run === before.run,
  });
}

/** What stays must not have been run again, but for what a call is to run. */
function faultsOfRuns({ before, after }: Passage, target: Target | undefined): readonly string[] {
  const isRunAgain = (it: Instance): boolean => {
    const was = instancesOf(before).find(({ handle }) => handle === it.handle);
    if (was === undefined || was.run === it.run) return false;
    return target === undefined || !isOfTarget(it, target);
  };
  return broken({ "nothing else was run": !instancesOf(after).some(isRunAgain) });
}

function faultsOfUnchanged(
  which: string,
  before: Instance | undefined,
  after: Instance | undefined,
): readonly string[] {
  // What was half made may go at any time.
  if (before !== undefined && isHalfMade(before) && after === undefined) return [];
  if (before === undefined || after === undefined)
    return before === after ? [] : [`the ${which} instance is as it was`];
  const isAsItWas =
    before.handle === after.handle &&
    before.run === after.run &&
    before.state === after.state &&
    before.startedAtMs === after.startedAtMs &&
    JSON.stringify(before.exit) === JSON.stringify(after.exit);
  return isAsItWas ? [] : [`the ${which} instance is as it was`];
}

function isUpOrEnded(it: Instance): boolean {
  return isLive(it) || (isJob(it.revisionId) && it.state === "exited");
}

function isSame(one: Instance | undefined, other: Instance | undefined): boolean {
  return one?.handle === other?.handle;
}

function wholeOf(it: Instance | undefined): Instance | undefined {
  return it === undefined || isHalfMade(it) ? undefined : it;
}

function isEmpty({ current, kept }: Holding): boolean {
  return wholeOf(current) === undefined && kept === undefined;
}

function instancesOf({ current, kept }: Holding): readonly Instance[] {
  return [current, kept].filter((it) => it !== undefined);
}

function has(holding: Holding, handle: string): boolean {
  return instancesOf(holding).some((it) => it.handle === handle);
}

function broken(rules: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(rules).filter((rule) => rules[rule] === false);
}
