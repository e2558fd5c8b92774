import { isLive, type Target, type WorkloadId } from "@persys/core";
import type { RuntimeStage } from "./runtime-stage.ts";
import type { RuntimeSubject } from "./runtime-subject.ts";
import type { Change } from "./workload-change.ts";

/** Brings a workload from nothing to a state. */
export type Scene = (stage: RuntimeStage, id: WorkloadId) => Promise<void>;

/** What a call begins with, and the call. */
export interface ChangeScene {
  readonly begin: Scene;
  readonly change: (stage: RuntimeStage, id: WorkloadId) => Change;
}

const absent: Scene = async () => {};

const running: Scene = (stage, id) => stage.prepareAndStart(stage.longRunning("r1", id));

const replaced: Scene = (stage, id) =>
  stage.prepareAndReplace(stage.longRunning("r1", id), stage.longRunning("r2", id));

const prepared: Scene = (stage, id) => stage.prepare(stage.longRunning("r1", id));

const updatePrepared: Scene = async (stage, id) => {
  await running(stage, id);
  await stage.prepare(stage.longRunning("r2", id));
};

const stopped: Scene = async (stage, id) => {
  await running(stage, id);
  await stage.stop(id);
};

/** Runs a target to an end that nobody asked for: of itself, with code 3; killed where the subject has no program that ends of itself. */
export async function runToItsEnd(
  stage: RuntimeStage,
  revisionId: string,
  id: WorkloadId = stage.id,
): Promise<Target> {
  const job = stage.subject.specs.exitsWith?.(3);
  const target =
    job === undefined ? stage.longRunning(revisionId, id) : stage.target(revisionId, job, id);
  await stage.prepareAndStart(target);
  if (job === undefined) await stage.kill(id);
  await stage.currentOnce("exited", id);
  return target;
}

const ended: Scene = async (stage, id) => {
  await runToItsEnd(stage, "job", id);
};

const replacedAndStopped: Scene = async (stage, id) => {
  await replaced(stage, id);
  await stage.stop(id);
};

const paused: Scene = async (stage, id) => {
  await running(stage, id);
  const { pauseBehind } = stage.subject;
  if (pauseBehind === undefined) return;
  await stage.behind("pause", id, pauseBehind);
  await stage.currentOnce("paused", id);
};

const keptOnly: Scene = async (stage, id) => {
  await replaced(stage, id);
  const { removeBehind } = stage.subject;
  if (removeBehind === undefined) return;
  await stage.behind("remove", id, removeBehind);
  await stage.eventually("only the kept one is there", async () => {
    const seen = await stage.observe(id);
    return seen.kind === "present" && !seen.instances.some(isLive);
  });
};

/** Begins what `scene` says, and calls it off at once. */
function cutShort(name: ChangeName): Scene {
  return async (stage, id) => {
    const { begin, change } = changeScenes[name];
    await begin(stage, id);
    await stage.cut(id, change(stage, id), 0);
    await stage.elapse(stage.windDownMs);
  };
}

/** A changing call. */
export type ChangeName = "prepare" | "start" | "replace" | "retire" | "restore" | "stop" | "remove";

/** All of them, in the order of a life. */
export const changeNames: readonly ChangeName[] = [
  "prepare",
  "start",
  "replace",
  "retire",
  "restore",
  "stop",
  "remove",
];

/** Every changing call, from a beginning in which it has something to do. */
export const changeScenes: Readonly<Record<ChangeName, ChangeScene>> = {
  prepare: {
    begin: absent,
    change: (stage, id) => ({ op: "prepare", target: stage.longRunning("r1", id) }),
  },
  start: {
    begin: prepared,
    change: (stage, id) => ({ op: "start", target: stage.longRunning("r1", id) }),
  },
  replace: {
    begin: updatePrepared,
    change: (stage, id) => ({ op: "replace", target: stage.longRunning("r2", id) }),
  },
  retire: {
    begin: replaced,
    change: (stage, id) => ({
      op: "retire",
      keepDigests: [stage.longRunning("r2", id).specDigest],
    }),
  },
  restore: { begin: replaced, change: () => ({ op: "restore" }) },
  stop: { begin: running, change: () => ({ op: "stop" }) },
  remove: { begin: replaced, change: () => ({ op: "remove" }) },
};

/** Every state in which a workload may be found, by name. */
export const states: Readonly<Record<string, Scene>> = {
  absent,
  prepared,
  running,
  ended,
  stopped,
  paused,
  replaced,
  "replaced and stopped": replacedAndStopped,
  "with only a kept one": keptOnly,
  "half prepared": cutShort("prepare"),
  "half started": cutShort("start"),
  "half replaced": cutShort("replace"),
  "half restored": cutShort("restore"),
  "half removed": cutShort("remove"),
};

/** Whether the subject has the means to bring a workload to a state. */
export function isPossibleState(subject: RuntimeSubject, state: string): boolean {
  if (state === "paused") return subject.pauseBehind !== undefined;
  return state !== "with only a kept one" || canLeaveKept(subject);
}

/** Whether what is set aside can be there alone. */
function canLeaveKept({ removeBehind, losesKeptWithCurrent = false }: RuntimeSubject): boolean {
  return removeBehind !== undefined && !losesKeptWithCurrent;
}
