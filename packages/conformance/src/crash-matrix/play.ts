import { isWorkloadId } from "@persys/core";
import { type Boundary, boundariesOf, type TracedCall } from "./boundaries.ts";
import type { CrashWorld } from "./crash-world.ts";
import type { StoredWish } from "./creations.ts";
import { type Picture, pictureOf } from "./picture.ts";
import { type Direction, Stage } from "./stage.ts";
import { type CrashStory, isRequest, rest } from "./story.ts";
import type { Change, Death } from "./trace.ts";

/** All that is known of one playing of a story. */
export interface Account {
  readonly boundaries: readonly Boundary[];
  readonly calls: readonly TracedCall[];
  readonly changes: readonly Change[];
  readonly deaths: readonly Death[];
  /** Changing calls that were made without their intent being stored, in words. */
  readonly unintended: readonly string[];
  /** Requests that were under way when an agent died, by their place among the acts. */
  readonly unanswered: readonly number[];
  /** By id: what was stored, in order. */
  readonly wishes: Readonly<Record<string, readonly StoredWish[]>>;
  /** By id: how many runs there were. */
  readonly runs: Readonly<Record<string, number>>;
  /** Which runs of workloads that the story leaves alone were live before, and which are at the end. */
  readonly bystanders: {
    readonly before: Readonly<Record<string, string>>;
    readonly after: Readonly<Record<string, string>>;
  };
  readonly end: Picture;
  /** What another agent did that was started at the end: nothing is to be done. */
  readonly afterwards: { readonly changes: readonly string[]; readonly commits: number };
  readonly violations: readonly string[];
}

/** Plays a story in a world of its own. @throws {Error} when something in it does not end. */
export async function play(
  story: CrashStory,
  world: CrashWorld,
  direction: Direction,
): Promise<Account> {
  const acts = [...story.before, ...story.acts];
  const ids = [...new Set(acts.flatMap((act) => ("id" in act ? [act.id] : [])))].filter(
    isWorkloadId,
  );
  const touched = new Set<string>(story.acts.flatMap((act) => ("id" in act ? [act.id] : [])));
  const stage = new Stage(world, ids, { ...direction, meanwhile: story.meanwhile ?? [] });
  await stage.boot();
  await stage.play(story.before);
  stage.runs.note();
  const live = (): Readonly<Record<string, string>> =>
    Object.fromEntries([...stage.runs.live()].filter(([id]) => !touched.has(id)));
  const before = live();
  const runsBefore = new Map(ids.map((id) => [id, stage.runs.countOf(id)]));

  stage.trace.curtain(true);
  await stage.play(story.acts);
  // A death may have come when hardly any time was left.
  if (stage.trace.deaths.length > 0) await stage.play([rest]);
  stage.trace.curtain(false);

  const end = pictureOf(stage, ids);
  stage.runs.note();
  const runs = ids.map((id) => [id, stage.runs.countOf(id) - (runsBefore.get(id) ?? 0)] as const);
  await stage.crash();
  await stage.play([rest]);
  const { trace } = stage;
  return {
    boundaries: boundariesOf(trace.passed, trace.calls, world),
    calls: trace.calls,
    changes: trace.changes,
    deaths: trace.deaths,
    unintended: trace.unintended,
    unanswered: stage.unanswered,
    wishes: stage.creations.wishes(),
    runs: Object.fromEntries(runs),
    bystanders: { before, after: live() },
    end,
    afterwards: trace.unseen,
    violations: world.violations(),
  };
}

/** The story without one of its requests, as it goes where nobody heard that one. */
export function withoutRequest(story: CrashStory, at: number): CrashStory {
  return { ...story, acts: story.acts.filter((act, place) => place !== at || !isRequest(act)) };
}
