import { type Difference, differencesOf, isObject } from "./differences.ts";
import type { Account } from "./play.ts";
import type { CrashStory } from "./story.ts";
import type { Change, Death } from "./trace.ts";

/** A promise that was not kept. */
export interface Finding {
  /** Which one, in words. */
  readonly promise: string;
  readonly expected: unknown;
  readonly seen: unknown;
}

/** What is wrong with the undisturbed life itself, by which all others are judged. Empty when it is clean. */
export function judgeUndisturbed(story: CrashStory, undisturbed: Account): readonly Finding[] {
  const { workloads } = undisturbed.end;
  const ends = Object.keys(workloads).map((id) => [id, endText(statusIn(undisturbed.end, id))]);
  const end = differencesOf(story.end, Object.fromEntries(ends)).map(({ at, expected, seen }) => ({
    promise: `the end that the story tells: ${at}`,
    expected,
    seen,
  }));
  return [...end, ...judge(story, undisturbed, undisturbed)];
}

function endText(status: unknown): string {
  if (!isObject(status)) return "there, but not known";
  return `${String(status["actual"])} ${String(status["observedRevisionId"])}`.trim();
}

/** Everything in which a life with deaths differs from the undisturbed one though it must not. Empty when it is clean. */
export function judge(story: CrashStory, undisturbed: Account, lived: Account): readonly Finding[] {
  const { atMostOnce = [], meanwhile = [] } = story;
  if (atMostOnce.some((id) => hasMissedItsRun(id, lived)))
    return [...judgeMissed(atMostOnce, lived), ...judgeRest(lived)];
  // What somebody has taken away cannot be as it was; but nothing may be done twice for that.
  if (meanwhile.length > 0 && lived.deaths.length > 0)
    return [...judgeRuns(undisturbed, lived), ...judgeRest(lived)];
  return [
    ...judgeEnd(undisturbed, lived),
    ...judgeChanges(undisturbed, lived),
    ...judgeRuns(undisturbed, lived),
    ...judgeWishes(undisturbed, lived),
    ...judgeRest(lived),
  ];
}

/** Whether a job that may be started once was on its way to that when the agent died, and nothing was ever seen of its run. */
function hasMissedItsRun(id: string, { runs, deaths }: Account): boolean {
  return runs[id] === 0 && deaths.some(({ starting }) => starting.includes(id));
}

/** It is not known whether such a job ran, so it is not started, and the status says that. */
function judgeMissed(ids: readonly string[], { end }: Account): readonly Finding[] {
  const expected = { actual: "failed", failure: "DISAPPEARED", retryable: false, generation: 1 };
  return ids.flatMap((id) =>
    differencesOf(expected, statusIn(end, id))
      .filter(({ at }) => at in expected)
      .map((it) => ({
        promise: `${id} is said to be lost: ${it.at}`,
        expected: it.expected,
        seen: it.seen,
      })),
  );
}

function statusIn({ workloads }: Account["end"], id: string): unknown {
  const shown = workloads[id];
  return isObject(shown) ? shown["status"] : undefined;
}

function judgeEnd(undisturbed: Account, lived: Account): readonly Finding[] {
  const workloads = differencesOf(undisturbed.end.workloads, lived.end.workloads)
    .filter((difference) => !isGranted(difference, lived))
    .map(({ at, expected, seen }) => ({ promise: `the same end: ${at}`, expected, seen }));
  const actions = differencesOf(undisturbed.end.actions, lived.end.actions).map(
    ({ expected, seen }) => ({ promise: "each action once in the history", expected, seen }),
  );
  return [...workloads, ...actions];
}

/**
 * A start that was interrupted after its intent was stored counts as one, though it is not known whether it was one; and when nothing is found
 * of it afterwards, that counts as an end.
 */
function isGranted({ at, expected, seen }: Difference, { deaths }: Account): boolean {
  const [id = ""] = at.split(".");
  if (!countersOfStarts.test(at) || typeof expected !== "number" || typeof seen !== "number")
    return false;
  const interrupted = deaths.filter(
    (it) => it.starting.includes(id) || it.unstored.includes(id),
  ).length;
  return Math.abs(seen - expected) <= interrupted;
}

const countersOfStarts =
  /\.record\.(?:wanted|fallback)\.(?:starts|ends|attempts)$|\.status\.restarts$/;

function judgeChanges(undisturbed: Account, lived: Account): readonly Finding[] {
  return Object.keys(undisturbed.runs).flatMap((id) => {
    const expected = undisturbed.changes.filter((it) => it.id === id).map((it) => it.text);
    if (isRepeatOf(expected, lived, id)) return [];
    const seen = lived.changes.filter((it) => it.id === id).map((it) => it.text);
    return [{ promise: `at most the interrupted call of ${id} twice`, expected, seen }];
  });
}

/**
 * Whether nothing was done but what the undisturbed agent did, and after each death at most once more what was interrupted, which may also
 * take the place of the next try to start the same.
 */
function isRepeatOf(
  expected: readonly string[],
  { changes, deaths }: Account,
  id: string,
): boolean {
  const own = changes.filter((it) => it.id === id);
  const deathAt = (at: number): Death | undefined =>
    deaths.find((death) => own.filter((it) => changes.indexOf(it) < death.changes).length === at);
  const matches = (at: number, expectedAt: number): boolean => {
    const change = own[at];
    const next = expected[expectedAt];
    if (change === undefined) return next === undefined;
    if (change.text === next && matches(at + 1, expectedAt + 1)) return true;
    const [before, death] = [own[at - 1], deathAt(at)];
    if (before === undefined || death === undefined || !isAgain(change, before, death))
      return false;
    if (matches(at + 1, expectedAt)) return true;
    return next !== undefined && isSameRun(change.text, next) && matches(at + 1, expectedAt + 1);
  };
  return matches(0, 0);
}

/**
 * Whether a change after a death repeats the one before it, or finishes it as a start does a replacement. What had been brought up is not
 * brought up again, unless it ended and no trace of that try was stored.
 */
function isAgain(change: Change, before: Change, { up, unstored }: Death): boolean {
  const revisionId = revisionUp(change.text);
  if (revisionId === undefined) return change.text === before.text;
  const isUp = up.get(change.id) === revisionId && !unstored.includes(change.id);
  return isSameRun(change.text, before.text) && !isUp;
}

/** Whether both are to bring the same revision up. */
function isSameRun(one: string, other: string): boolean {
  return revisionUp(one) !== undefined && revisionUp(one) === revisionUp(other);
}

function revisionUp(text: string): string | undefined {
  return /^(?:start|replace) (.*)$/.exec(text)?.[1];
}

function judgeRuns(undisturbed: Account, lived: Account): readonly Finding[] {
  const runs = Object.entries(lived.runs).flatMap(([id, seen]) => {
    const forgotten = lived.deaths.filter(({ unstored }) => unstored.includes(id)).length;
    const expected = (undisturbed.runs[id] ?? 0) + forgotten;
    return seen <= expected ? [] : [{ promise: `no run of ${id} more`, expected, seen }];
  });
  const { before, after } = lived.bystanders;
  const bystanders = differencesOf(before, after).map(({ at, expected, seen }) => ({
    promise: `${at}, which nobody asked about, runs on`,
    expected,
    seen,
  }));
  return [...runs, ...bystanders];
}

function judgeWishes(undisturbed: Account, lived: Account): readonly Finding[] {
  return differencesOf(undisturbed.wishes, lived.wishes).map(({ at, expected, seen }) => ({
    promise: `each request is stored whole and once: ${at}`,
    expected,
    seen,
  }));
}

function judgeRest({ afterwards, violations, unintended }: Account): readonly Finding[] {
  const { changes, commits } = afterwards;
  const found: Finding[] = [];
  if (changes.length > 0 || commits > 0)
    found.push({
      promise: "nothing is left to do for another agent",
      expected: { changes: [], commits: 0 },
      seen: afterwards,
    });
  if (unintended.length > 0)
    found.push({
      promise: "nothing is done before it is written down",
      expected: [],
      seen: unintended,
    });
  if (violations.length > 0)
    found.push({ promise: "no two at once", expected: [], seen: violations });
  return found;
}
